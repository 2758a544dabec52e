package wake

import "testing"

func TestPendingSignalsCountAsOne(t *testing.T) {
	c := New()
	Signal(c)
	Signal(c)
	<-c
	select {
	case <-c:
		t.Error("two signals are received twice")
	default:
	}
	Signal(c)
	<-c
}
