package engine

// openFilesLimit reports that Windows has no limit.
func openFilesLimit() (uint64, bool) { return 0, false }
