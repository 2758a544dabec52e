package probe

// The names of the properties of push monitors.
const (
	PushZone   = "zone"
	PushGrace  = "grace"
	PushMaxRun = "maxRun"
)

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
				{Name: PushGrace, Kind: KindDuration, Default: "5m", Min: 1000, Max: 31 * 24 * 3_600_000,
					Doc: "How long a ping may be late before the check fails."},
				{Name: PushMaxRun, Kind: KindDuration, Min: 1000, Max: 31 * 24 * 3_600_000,
					Doc: "Maximum duration of a run. If it is set, a run that has begun in time may end later than the " +
						"deadline, and a run that takes longer fails."},
				{Name: PushZone, Kind: KindText, Default: "UTC",
					Doc: "Time zone of the cron expression, such as Europe/Berlin."},
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
	}
}
