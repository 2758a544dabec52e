package kubernetes

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"nanomon/tests/support/servicetest"
)

// Manifests returns the objects that a cluster contains after the files in the folders of deploy/kubernetes are applied
// in order: a later object replaces an earlier one of the same name.
func Manifests(folders ...string) ([]Object, error) {
	var applied []Object
	var problems []error
	for _, folder := range folders {
		files, err := filepath.Glob(filepath.Join(servicetest.Root(), "deploy", "kubernetes", folder, "*.yaml"))
		if err != nil || len(files) == 0 {
			return nil, errors.Join(err, fmt.Errorf("deploy/kubernetes/%s has no files", folder))
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				return nil, err
			}
			objects, err := Decode(file, text)
			problems = append(problems, err)
			for _, o := range objects {
				applied = slices.DeleteFunc(applied, func(earlier Object) bool { return ID(earlier) == ID(o) })
				applied = append(applied, o)
			}
		}
	}
	return applied, errors.Join(problems...)
}
