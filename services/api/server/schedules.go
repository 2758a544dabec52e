package server

import (
	"cmp"
	"net/http"
	"time"

	"nanomon/services/common/probe"
	"nanomon/services/common/schedule"
	"nanomon/services/common/web"
)

// scheduleTimes is the number of times that a preview of a schedule has.
const scheduleTimes = 5

// scheduleHandler validates schedules and computes their next times.
type scheduleHandler struct{ now func() time.Time }

func newScheduleHandler(now func() time.Time) *scheduleHandler { return &scheduleHandler{now: now} }

func (h *scheduleHandler) mount(to routes) {
	to.protected.Post("/api/schedules/check", handle(h.check))
}

// check validates the target and the property zone in the body like the definition of a push monitor. It responds with
// the next times of the schedule.
func (h *scheduleHandler) check(w http.ResponseWriter, r *http.Request) error {
	data, err := readBody(w, r, maxBody)
	if err != nil {
		return err
	}
	draft, err := decodeMonitor(data)
	if err != nil {
		return err
	}
	s, err := schedule.Parse(draft.Target, cmp.Or(draft.Properties[probe.PushZone], probe.DefaultZone))
	if err != nil {
		return err
	}
	times := []time.Time{}
	for at := s.Next(h.now().UTC().Truncate(time.Second)); !at.IsZero() && len(times) < scheduleTimes; at = s.Next(at) {
		times = append(times, at.UTC())
	}
	return web.JSON(w, http.StatusOK, map[string][]time.Time{"times": times})
}
