package e2e

import (
	"testing"

	"nanomon/tests/support/servicetest"
)

func TestMain(m *testing.M) { servicetest.Main(m) }
