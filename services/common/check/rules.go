package check

import (
	"runtime"
	"sync"
	"weak"

	"nanomon/services/common/probe"
	"nanomon/services/common/rule"
)

// ruleKey determines a compiled rule: its text and the type of the monitor, whose outputs it uses.
type ruleKey struct{ monitorType, text string }

// rules contains the compiled rules that are in use, so that monitors with the same rule share one. It is safe for
// concurrent use.
type rules struct {
	mu    sync.Mutex
	byKey map[ruleKey]weak.Pointer[rule.Rule]
}

// compile returns the compiled rule of a monitor of the given type.
func (r *rules) compile(monitorType string, spec probe.Spec, text string) (*rule.Rule, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	key := ruleKey{monitorType, text}
	if shared := r.byKey[key].Value(); shared != nil {
		return shared, nil
	}
	compiled, err := rule.Compile(text, spec.Output)
	if err != nil {
		return nil, err
	}
	if r.byKey == nil {
		r.byKey = make(map[ruleKey]weak.Pointer[rule.Rule])
	}
	r.byKey[key] = weak.Make(compiled)
	runtime.AddCleanup(compiled, r.forget, key)
	return compiled, nil
}

// forget removes a rule that no check uses any more.
func (r *rules) forget(key ruleKey) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.byKey[key].Value() == nil {
		delete(r.byKey, key)
	}
}
