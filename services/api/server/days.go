package server

import (
	"net/http"
	"net/url"
	"strconv"
	"time"

	"nanomon/services/api/report"
	"nanomon/services/common/localtime"
	"nanomon/services/common/monitor"
	"nanomon/services/common/uptime"
	"nanomon/services/common/web"
)

const (
	// defaultDays is 53 weeks.
	defaultDays = 371
	maxDays     = 400
)

// dayStore is the part of the store for the uptime of days.
type dayStore interface {
	monitorGetter
	periodStore
}

// dayHandler serves the uptime of a monitor on each of the last days.
type dayHandler struct{ store dayStore }

func newDayHandler(s dayStore) *dayHandler { return &dayHandler{store: s} }

func (h *dayHandler) mount(to routes) {
	to.reading.Get("/api/monitors/{id}/days", handle(h.get))
}

type daysResponse struct {
	MonitorID string `json:"monitor_id"`
	// Zone is the time zone in which the days begin and end.
	Zone string `json:"zone"`
	// Days is in order. Its last day is today.
	Days []dayUptime `json:"days"`
}

type dayUptime struct {
	Date string `json:"date"`
	// Uptime is a percentage, nil if no time was checked.
	Uptime *float64 `json:"uptime"`
	// Down is the time that was not OK, Checked the time whose results counted, both in seconds.
	Down    float64 `json:"down"`
	Checked float64 `json:"checked"`
}

func (h *dayHandler) get(w http.ResponseWriter, r *http.Request) error {
	id, err := pathID(r)
	if err != nil {
		return err
	}
	zone, err := report.ParseZone(r.URL.Query())
	if err != nil {
		return err
	}
	count, err := dayCount(r.URL.Query())
	if err != nil {
		return err
	}
	m, err := h.store.Monitor(r.Context(), id)
	if err != nil {
		return unknownMonitor(id, err)
	}
	// Include the current millisecond.
	now := monitor.Date(time.Now()).Add(time.Millisecond)
	limits := dayLimits(now.In(zone), count)
	periods, err := readPeriods(r.Context(), h.store, m, limits[0], now, now)
	if err != nil {
		return err
	}
	response := daysResponse{MonitorID: id, Zone: zone.String(), Days: make([]dayUptime, count)}
	year, month, today := now.In(zone).Date()
	for i, spent := range uptime.Divide(periods, limits) {
		response.Days[i] = dayUptime{
			Date:   time.Date(year, month, today-count+1+i, 0, 0, 0, 0, time.UTC).Format(time.DateOnly),
			Uptime: optional(spent.Percent()), Down: spent.Down().Seconds(), Checked: spent.Checked().Seconds(),
		}
	}
	return web.JSON(w, http.StatusOK, response)
}

func dayCount(query url.Values) (int, error) {
	if !query.Has("days") {
		return defaultDays, nil
	}
	n, err := strconv.Atoi(query.Get("days"))
	if err != nil || n < 1 || n > maxDays {
		return 0, monitor.Invalidf("days must be between 1 and %d", maxDays)
	}
	return n, nil
}

// dayLimits returns the starts of the last days, and of tomorrow.
func dayLimits(now time.Time, count int) []time.Time {
	limits := make([]time.Time, count+1)
	year, month, today := now.Date()
	for i := range limits {
		limits[i] = localtime.StartOfDay(year, month, today-count+1+i, now.Location())
	}
	return limits
}
