// Package docker builds the images from the Dockerfiles in build/ with a Docker engine, runs them, and runs
// build/compose.yaml with Docker Compose.
package docker

import (
	"os"
	"testing"

	"nanomon/tests/support/dockertest"
)

func TestMain(m *testing.M) { os.Exit(dockertest.Run(m)) }
