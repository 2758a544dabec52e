package clustertest

import "testing"

func TestWithoutWatchLog(t *testing.T) {
	const (
		watch = `I1129 21:24:16.584032    9376 reflector.go:664] "Warning: watch ended with error" reflector="k8s.io/client-go"` + "\n"
		kept  = "Warning: unknown field\nW1129 21:24:16.584032 9376 warnings.go:70] unknown field\n"
	)
	if got := WithoutWatchLog(watch + kept + watch); got != kept {
		t.Errorf("%q", got)
	}
}
