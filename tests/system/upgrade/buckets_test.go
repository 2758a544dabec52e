package upgrade

import "math"

// mergeBuckets merges the buckets of statistics if the current version has shorter ones than the old version. It deletes the
// figures of buckets that can't be merged. The figures of the whole time range stay.
func mergeBuckets(old, current any) {
	oldBuckets, buckets := objects(old.(map[string]any)["buckets"]), objects(current.(map[string]any)["buckets"])
	if len(buckets) <= len(oldBuckets) {
		return
	}
	var merged []any
	for i, bucket := range oldBuckets {
		end := "9999"
		if i+1 < len(oldBuckets) {
			end = oldBuckets[i+1]["start"].(string)
		}
		for _, name := range []string{"avg", "p50", "p95"} {
			delete(bucket, name)
		}
		merged = append(merged, mergeBetween(buckets, bucket["start"].(string), end))
	}
	current.(map[string]any)["buckets"] = merged
}

// mergeBetween returns the counts and the extremes of the buckets that start from one date to another one.
func mergeBetween(buckets []map[string]any, from, to string) map[string]any {
	merged := map[string]any{"start": from, "ok": 0.0, "error": 0.0, "failed": 0.0, "min": nil, "max": nil}
	for _, bucket := range buckets {
		if start := bucket["start"].(string); start < from || start >= to {
			continue
		}
		for _, name := range []string{"ok", "error", "failed"} {
			merged[name] = merged[name].(float64) + bucket[name].(float64)
		}
		if bucket["min"] == nil {
			continue
		}
		if merged["min"] == nil {
			merged["min"], merged["max"] = bucket["min"], bucket["max"]
		}
		merged["min"] = math.Min(merged["min"].(float64), bucket["min"].(float64))
		merged["max"] = math.Max(merged["max"].(float64), bucket["max"].(float64))
	}
	return merged
}
