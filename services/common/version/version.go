// Package version identifies the build of the program.
package version

// The linker sets Version and BuildInfo; see the recipe build in the justfile.
var (
	Version   = "0.0.0"
	BuildInfo = "development build"
)
