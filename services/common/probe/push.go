package probe

import (
	"context"
	"errors"
	"fmt"
	"time"

	"nanomon/services/common/jsonbody"
	"nanomon/services/common/monitor"
	"nanomon/services/common/schedule"
)

// The names of the properties of push monitors.
const (
	PushZone   = "zone"
	PushGrace  = "grace"
	PushMaxRun = "maxRun"
)

// pushCaptureTime is the maximum time for capturing numbers in the body of a ping.
const pushCaptureTime = 5 * time.Second

// DefaultZone is the default of [PushZone].
const DefaultZone = "UTC"

func pushType() Type {
	return Type{
		Spec: Spec{
			Type:          "push",
			Title:         "Push (cron job)",
			Doc:           "Waits for the pings of a job, such as a backup, and fails if one does not arrive in time.",
			Push:          true,
			TargetDoc:     "the schedule of the job: every and a duration, or a cron expression with five fields",
			ExampleTarget: "every 1h",
			ValueDoc:      "Duration of the run in ms, 0 if the job did not report its start.",
			Properties: []Property{
				{Name: PushGrace, Kind: KindDuration, Default: "5m", Min: 1000, Max: 24 * 24 * 3_600_000,
					Doc: "How long a ping may be late before the check fails."},
				{Name: PushMaxRun, Kind: KindDuration, Min: 1000, Max: 24 * 24 * 3_600_000,
					Doc: "Maximum duration of a run. If it is set, a run that has begun in time may end later than the " +
						"deadline, and a run that takes longer fails."},
				{Name: PushZone, Kind: KindText, Default: DefaultZone,
					Doc: "Time zone of the cron expression, such as Europe/Berlin."},
				captureProperty(),
			},
			Outputs: []Output{
				{Name: "exitCode", Kind: OutputNumber, Title: "Exit status",
					Doc: "Exit status of the job: 0 after a success, 1 after a failure without a status."},
				{Name: "duration", Kind: OutputNumber, Title: "Duration", Unit: "ms",
					Doc: "Time from the start of the run to its end, if the job reports its start."},
				{Name: "sinceLast", Kind: OutputNumber, Title: "Time since the last ping", Unit: "ms",
					Doc: "Time since the end of the run before."},
				{Name: "body", Kind: OutputString, RuleOnly: true, Doc: "The first 16 KiB of the text that the job sent."},
			},
			ExampleRule: "duration < 600000",
			RuleHint: "A job that reports a failure is not OK, unless the rule uses exitCode. A rule is evaluated for each " +
				"ping that ends a run.",
		},
		Host:     func(monitor.Monitor) string { return "" },
		Interval: pushInterval,
		New:      newPush,
	}
}

// ParseSchedule returns the schedule of a push monitor. The error is a [monitor.InvalidError].
func ParseSchedule(target string, settings Settings) (schedule.Schedule, error) {
	return schedule.Parse(target, settings.Text(PushZone))
}

// pushInterval returns the longest time between two runs of the job, or a minute if the schedule is invalid. If a result
// may come much later because of the grace time and the maximum duration of a run, it returns half of that time, so that
// the latest result is not stale before; see [monitor.StaleAfter].
func pushInterval(m monitor.Monitor) time.Duration {
	zone := m.Properties[PushZone]
	if zone == "" {
		zone = DefaultZone
	}
	s, err := schedule.Parse(m.Target, zone)
	if err != nil {
		return time.Minute
	}
	gap, limits := s.LongestGap(), durationSettings(pushType().Spec, m.Properties)
	latest := gap + limits.Duration(PushGrace) + limits.Duration(PushMaxRun)
	return min(max(gap, (latest/2).Truncate(time.Second)), monitor.MaxInterval)
}

// Report is what a job reported at the end of a run.
type Report struct {
	// ExitCode is the exit status of the job.
	ExitCode int
	// Duration is the time since the start of the run, and SinceLast the time since the end of the run before; nil if
	// they are not known.
	Duration, SinceLast *time.Duration
	// Body is the beginning of the text that the job sent.
	Body []byte
}

// Receiver is a probe whose results come from reports.
type Receiver interface {
	// Receive returns the measurements of a report.
	Receive(ctx context.Context, r Report) Outcome
}

type pushProbe struct {
	// keepBody is true if the rule uses the body.
	keepBody bool
	captures map[string]*jsonbody.Path
	// captureTime is the maximum time for captures.
	captureTime time.Duration
}

func newPush(target string, settings Settings) (Probe, error) {
	if _, err := ParseSchedule(target, settings); err != nil {
		return nil, err
	}
	captures, err := parseCaptures(settings.StringMap(Capture), pushType().Spec.Outputs)
	if err != nil {
		return nil, err
	}
	return &pushProbe{keepBody: settings.RuleUses("body"), captures: captures, captureTime: pushCaptureTime}, nil
}

// Run returns an error, because only pings give results.
func (p *pushProbe) Run(context.Context) Outcome {
	return Outcome{Err: errors.New("a push monitor can't be checked: it waits for pings")}
}

func (p *pushProbe) Close() {}

func (p *pushProbe) Receive(ctx context.Context, r Report) Outcome {
	outcome := Outcome{Outputs: map[string]any{"exitCode": float64(r.ExitCode)}}
	if r.Duration != nil {
		outcome.Value = millis(*r.Duration)
		outcome.Outputs["duration"] = outcome.Value
	}
	if r.SinceLast != nil {
		outcome.Outputs["sinceLast"] = millis(*r.SinceLast)
	}
	text := validUTF8(string(r.Body))
	if p.keepBody {
		outcome.Outputs["body"] = text
	}
	limited, cancel := context.WithTimeout(ctx, p.captureTime)
	defer cancel()
	switch err := capture(limited, &outcome, p.captures, text, false); {
	case err != nil && ctx.Err() == nil && timedOut(err):
		outcome.Err = fmt.Errorf("the property capture took longer than %s", p.captureTime)
	case err != nil:
		outcome.Err = failure(ctx, p.captureTime, "reading the body", err)
	}
	return outcome
}
