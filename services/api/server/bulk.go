package server

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"nanomon/services/api/auth"
	"nanomon/services/common/check"
	"nanomon/services/common/monitor"
	"nanomon/services/common/probe"
	"nanomon/services/common/store"
	"nanomon/services/common/web"
)

const (
	// maxRun is the maximum number of monitors that a request can run. A runner has to start their checks before the
	// requests for them expire.
	maxRun = 1000
	// bulkTimeout limits the duration of a bulk change. Deleting the data of many monitors takes long.
	bulkTimeout = 5 * time.Minute
)

// The outcomes of running a monitor. The store defines the outcomes of all other changes.
const (
	outcomeStarted  store.ChangeOutcome = "started"
	outcomeDisabled store.ChangeOutcome = "disabled"
)

// bulkStore is the part of the store for changes of several monitors.
type bulkStore interface {
	monitorLister
	ChangeMonitors(ctx context.Context, c store.BulkChange) ([]store.ChangeOutcome, error)
	AddOnDemandChecks(ctx context.Context, cs ...store.OnDemandCheck) error
}

// bulkHandler changes several monitors at once.
type bulkHandler struct {
	store bulkStore
	types probe.Registry
}

func newBulkHandler(s bulkStore, types probe.Registry) *bulkHandler {
	return &bulkHandler{store: s, types: types}
}

func (h *bulkHandler) mount(to routes) {
	to.protected.Patch("/api/monitors", handle(h.change))
}

// bulkReport says what a request did to each monitor, in the order of the ids in the request.
type bulkReport struct {
	Monitors []bulkOutcome `json:"monitors"`
}

type bulkOutcome struct {
	ID      string              `json:"id"`
	Name    string              `json:"name"`
	Outcome store.ChangeOutcome `json:"outcome"`
}

// change validates the whole request before it changes anything. The change is made to its end even if the client is gone.
func (h *bulkHandler) change(w http.ResponseWriter, r *http.Request) error {
	request, err := readBulkRequest(w, r)
	if err != nil {
		return err
	}
	selected, err := h.selected(r.Context(), request.IDs)
	if err != nil {
		return err
	}
	web.ExtendDeadlines(w, bulkTimeout)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), bulkTimeout)
	defer cancel()
	var outcomes []store.ChangeOutcome
	change := request.change(auth.FromContext(ctx).Name, time.Now())
	faults := append(h.pushFaults(selected, request), h.faultsOf(selected, change)...)
	switch {
	case len(faults) > 0:
		return faultProblem(faults)
	case request.Run:
		outcomes, err = h.run(ctx, selected)
	default:
		outcomes, err = h.store.ChangeMonitors(ctx, change)
	}
	if err != nil {
		return err
	}
	report := bulkReport{make([]bulkOutcome, len(selected))}
	for i, m := range selected {
		report.Monitors[i] = bulkOutcome{m.ID, m.Name, outcomes[i]}
	}
	return web.JSON(w, http.StatusOK, report)
}

// selected returns the monitors with the given ids, in the same order.
func (h *bulkHandler) selected(ctx context.Context, ids []string) ([]monitor.Monitor, error) {
	all, err := h.store.Monitors(ctx)
	if err != nil {
		return nil, err
	}
	byID := make(map[string]monitor.Monitor, len(all))
	for _, m := range all {
		byID[m.ID] = m
	}
	selected := make([]monitor.Monitor, len(ids))
	var unknown []bulkFault
	for i, id := range ids {
		m, exists := byID[id]
		if !exists {
			unknown = append(unknown, bulkFault{ID: id, Detail: "there is no monitor with this id"})
		}
		selected[i] = m
	}
	if len(unknown) > 0 {
		return nil, faultProblem(unknown)
	}
	return selected, nil
}

// run requests a check of each enabled monitor.
func (h *bulkHandler) run(ctx context.Context, selected []monitor.Monitor) ([]store.ChangeOutcome, error) {
	now := time.Now()
	outcomes := make([]store.ChangeOutcome, len(selected))
	var checks []store.OnDemandCheck
	for i, m := range selected {
		outcomes[i] = outcomeDisabled
		if m.Enabled {
			outcomes[i] = outcomeStarted
			checks = append(checks, runNow(m.ID, now))
		}
	}
	return outcomes, h.store.AddOnDemandChecks(ctx, checks...)
}

// pushFaults returns the push monitors in a request for a check or for another interval. They can have neither.
func (h *bulkHandler) pushFaults(selected []monitor.Monitor, request bulkRequest) (faults []bulkFault) {
	var err error
	switch {
	case request.Run:
		err = errPushOnDemand
	case request.Set != nil && request.Set.Interval != nil:
		err = errPushInterval
	}
	for _, m := range selected {
		if err != nil && h.types[m.Type].Spec.Push {
			faults = append(faults, bulkFault{m.ID, m.Name, err.Error(), hintOf(err)})
		}
	}
	return faults
}

// faultsOf returns the monitors that a change would make invalid. A monitor that it does not change is never at fault.
func (h *bulkHandler) faultsOf(selected []monitor.Monitor, c store.BulkChange) (faults []bulkFault) {
	if c.Edit == nil {
		return nil
	}
	for _, m := range selected {
		edited, differs := c.Edit.Apply(m, c.Date)
		if !differs {
			continue
		}
		if len(c.Edit.Labels) == 0 {
			edited.Labels = nil // Stored labels are not validated.
		}
		edited, _ = h.types.Canonical(edited)
		err := check.Validate(h.types, edited)
		if err == nil {
			err = validateNewNames(edited, m)
		}
		if err != nil {
			faults = append(faults, bulkFault{m.ID, m.Name, err.Error(), hintOf(err)})
		}
	}
	return faults
}

// bulkFault is a monitor because of which a request is refused.
type bulkFault struct {
	ID string `json:"id"`
	// Name is empty if the monitor is unknown.
	Name   string `json:"name,omitempty"`
	Detail string `json:"detail"`
	Hint   string `json:"hint,omitempty"`
}

func (f bulkFault) String() string {
	if f.Name == "" {
		return f.ID
	}
	return fmt.Sprintf("%.100q (%s)", f.Name, f.ID)
}

// faultProblem returns the problem for a refused request. Its detail names every monitor at fault once, after what is
// wrong with it. It has a hint if all faults have the same one.
func faultProblem(faults []bulkFault) error {
	monitors := make(map[string][]string)
	var details []string
	for _, f := range faults {
		if monitors[f.Detail] == nil {
			details = append(details, f.Detail)
		}
		monitors[f.Detail] = append(monitors[f.Detail], f.String())
	}
	for i, detail := range details {
		details[i] += ": " + strings.Join(monitors[detail], ", ")
	}
	p := web.Problemf(http.StatusBadRequest, "%s", strings.Join(details, "; "))
	if !slices.ContainsFunc(faults, func(f bulkFault) bool { return f.Hint != faults[0].Hint }) {
		p.Hint = faults[0].Hint
	}
	p.Faults = faults
	return p
}
