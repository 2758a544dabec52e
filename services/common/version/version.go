// Package version tells which build is running.
package version

// Version and BuildInfo are set by the linker; see the recipe build in the justfile.
var (
	Version   = "0.0.0"
	BuildInfo = "development build"
)
