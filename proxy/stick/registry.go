package stick

import "sync"

// Registry keeps tables by name across configurations.
type Registry struct {
	mu sync.Mutex
	m  map[string]*Table
}

// Adopt gives t the entries that the table of the same name and layout had,
// and remembers t for the next configuration.
func (r *Registry) Adopt(t *Table) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.m == nil {
		r.m = map[string]*Table{}
	}
	if old := r.m[t.Name]; old != nil && old.sameLayout(&t.Config) && len(old.shards) == len(t.shards) {
		t.store = old.store
		t.adjust()
	}
	r.m[t.Name] = t
}

// Keep forgets all tables whose names are not listed: those that the new
// configuration no longer has.
func (r *Registry) Keep(names map[string]bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for n := range r.m {
		if !names[n] {
			delete(r.m, n)
		}
	}
}

// Lookup returns the table of that name, nil if there is none.
func (r *Registry) Lookup(name string) *Table {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.m[name]
}
