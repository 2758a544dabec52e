package quarantine

import "os"

// mapping writes to a file. On Windows a write survives the end of the process too.
type mapping struct{ file *os.File }

func mapFile(file *os.File, _ int) (mapping, error) { return mapping{file}, nil }

// write ignores errors: without the list, no monitor becomes a suspect.
func (m mapping) write(offset int, data []byte) { _, _ = m.file.WriteAt(data, int64(offset)) }

func (m mapping) close() error { return nil }
