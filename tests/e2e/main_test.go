package e2e

import (
	"testing"

	"nanomon/tests/servicetest"
)

func TestMain(m *testing.M) { servicetest.Main(m) }
