package pattern

import (
	"errors"
	"fmt"
	"sort"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"

	"tandem/parser/keyword"
)

// List is one list of patterns: a file, or the words of one ACL line. All
// tests and converters that name a file share its list (what the original
// calls a reference); the stats socket changes it while it is read.
type List struct {
	ID    int
	Name  string // file as written, "" for words of a line
	IsMap bool   // a converter or -M uses its values
	IsACL bool   // an acl uses it
	Where string // "pattern loaded from …" for show acl and show map

	mu       sync.Mutex // protects below; readers of the sets take none
	entries  []*Entry
	order    int
	lastID   *atomic.Uint64
	sets     []*Set
	versions map[uint32][]*Entry // being prepared
	curr     uint32
	next     uint32
}

// ErrNoEntry says that a key or id is not in the list.
var ErrNoEntry = errors.New("Key not found.")

// Versions returns the version that is looked up and the one prepared last.
func (l *List) Versions() (curr, next uint32) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.curr, l.next
}

// Entries returns the entries in order; version 0 means the one looked up.
func (l *List) Entries(version uint32) []*Entry {
	l.mu.Lock()
	defer l.mu.Unlock()
	if version != 0 && version != l.curr {
		return append([]*Entry(nil), l.versions[version]...)
	}
	return append([]*Entry(nil), l.entries...)
}

// set returns the list indexed for a method, made on first use.
func (l *List) set(k kind) (*Set, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, s := range l.sets {
		if s.kind == k {
			return s, nil
		}
	}
	s := &Set{kind: k, list: l}
	if err := s.rebuild(l.entries); err != nil {
		return nil, err
	}
	l.sets = append(l.sets, s)
	return s, nil
}

// appendEntry adds an entry without telling the sets.
func (l *List) appendEntry(key, val string) *Entry {
	e := newEntry(l.lastID.Add(1), key, val)
	e.order = l.order
	l.order++
	l.entries = append(l.entries, e)
	return e
}

// check reads a pattern as all users of the list would; its error is theirs.
func (l *List) check(key string) error {
	probe := []*Entry{newEntry(0, key, "")}
	for _, s := range l.sets {
		k := s.kind
		k.resolve = false
		if _, err := buildIndex(k, probe); err != nil {
			return err
		}
	}
	return nil
}

// Add adds a pattern (and value) to a version, 0 for the one looked up.
func (l *List) Add(version uint32, key, val string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.check(key); err != nil {
		return err
	}
	if version != 0 && version != l.curr {
		es, ok := l.versions[version]
		if !ok {
			return fmt.Errorf("Version number %d not in range", version)
		}
		e := newEntry(l.lastID.Add(1), key, val)
		e.order = len(es)
		l.versions[version] = append(es, e)
		return nil
	}
	e := l.appendEntry(key, val)
	for _, s := range l.sets {
		if err := s.add(e, func() []*Entry { return l.entries }); err != nil {
			return err
		}
	}
	return nil
}

// Delete removes all entries with that key.
func (l *List) Delete(key string) error {
	return l.remove(func(e *Entry) bool { return e.Key == key })
}

// DeleteID removes the entry of that id.
func (l *List) DeleteID(id uint64) error {
	return l.remove(func(e *Entry) bool { return e.ID == id })
}

func (l *List) remove(match func(*Entry) bool) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	kept := make([]*Entry, 0, len(l.entries))
	for _, e := range l.entries {
		if match(e) {
			e.dead.Store(true)
		} else {
			kept = append(kept, e)
		}
	}
	if len(kept) == len(l.entries) {
		return ErrNoEntry
	}
	l.entries = kept
	return nil
}

// SetValue changes the value of all entries with that key.
func (l *List) SetValue(key, val string) error {
	return l.change(val, func(e *Entry) bool { return e.Key == key })
}

// SetValueID changes the value of the entry of that id.
func (l *List) SetValueID(id uint64, val string) error {
	return l.change(val, func(e *Entry) bool { return e.ID == id })
}

func (l *List) change(val string, match func(*Entry) bool) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	found := false
	for _, e := range l.entries {
		if match(e) {
			e.setValue(val)
			found = true
		}
	}
	if !found {
		return ErrNoEntry
	}
	return nil
}

// Clear removes all entries of a version, 0 for the one looked up.
func (l *List) Clear(version uint32) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if version != 0 && version != l.curr {
		if _, ok := l.versions[version]; !ok {
			return fmt.Errorf("Version number %d not in range", version)
		}
		delete(l.versions, version)
		return nil
	}
	return l.replace(nil)
}

// replace makes es the list; the caller holds the lock.
func (l *List) replace(es []*Entry) error {
	for i, e := range es {
		e.order = i
	}
	l.entries, l.order = es, len(es)
	for _, s := range l.sets {
		if err := s.rebuild(es); err != nil {
			return err
		}
	}
	return nil
}

// Prepare begins a new version and returns its number.
func (l *List) Prepare() uint32 {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.versions == nil {
		l.versions = map[uint32][]*Entry{}
	}
	l.next++
	l.versions[l.next] = []*Entry{}
	return l.next
}

// Commit makes a prepared version the one that is looked up.
func (l *List) Commit(version uint32) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	es, ok := l.versions[version]
	if !ok {
		return fmt.Errorf("Version number %d not in range", version)
	}
	for v := range l.versions {
		if v <= version {
			delete(l.versions, v)
		}
	}
	l.curr = version
	return l.replace(es)
}

// Registry holds all lists of a configuration, by file and by id.
type Registry struct {
	mu     sync.Mutex
	byName map[string]*List
	all    []*List
	nextID int          // no id below it is free
	used   map[int]bool // ids given away
	lastID atomic.Uint64
}

// NewRegistry returns an empty registry.
func NewRegistry() *Registry { return &Registry{byName: map[string]*List{}} }

// registryOf returns the registry attached to e; it attaches a new one where
// there is none.
func registryOf(e *keyword.Env) *Registry {
	r := keyword.Attached[*Registry](e)
	if r == nil {
		r = NewRegistry()
		r.AttachTo(e)
	}
	return r
}

// Lists returns all lists in order of id.
func (r *Registry) Lists() []*List {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := append([]*List(nil), r.all...)
	sort.SliceStable(out, func(i, j int) bool { return out[i].ID < out[j].ID })
	return out
}

// Lookup finds a list as the stats socket names it: "#3" by id, or a file.
func (r *Registry) Lookup(name string) *List {
	r.mu.Lock()
	defer r.mu.Unlock()
	if rest, ok := strings.CutPrefix(name, "#"); ok {
		for _, l := range r.all {
			if fmt.Sprint(l.ID) == rest {
				return l
			}
		}
		return nil
	}
	if l := r.byName[name]; l != nil {
		return l
	}
	return r.byName[strings.TrimPrefix(name, "file@")]
}

// newList makes a list; id -1 gives it the next free one.
func (r *Registry) newList(name string, id int) *List {
	r.mu.Lock()
	defer r.mu.Unlock()
	if id < 0 {
		for r.used[r.nextID] {
			r.nextID++
		}
		id = r.nextID
	}
	if r.used == nil {
		r.used = map[int]bool{}
	}
	r.used[id] = true
	l := &List{ID: id, Name: name, lastID: &r.lastID}
	if name != "" {
		r.byName[strings.TrimPrefix(name, "file@")] = l
	}
	r.all = append(r.all, l)
	return l
}

// file returns the list of a file, read on first use. asMap says how its
// lines are read. "virt@x" is no file at all, "opt@x" need not exist.
func (r *Registry) file(e *keyword.Env, name string, asMap bool) (*List, error) {
	r.mu.Lock()
	l := r.byName[strings.TrimPrefix(name, "file@")]
	r.mu.Unlock()
	if l != nil {
		switch {
		case asMap && !l.IsMap:
			return nil, fmt.Errorf("The file \"%s\" is already used as one column file and cannot be used by a map", name)
		case !asMap && l.IsMap:
			return nil, fmt.Errorf("The file \"%s\" is already used as two column file and cannot be used by as one column file.", name)
		}
		return l, nil
	}
	path, optional := name, false
	var data []byte
	var err error
	switch {
	case strings.HasPrefix(name, "virt@"):
	default:
		if path, optional = strings.CutPrefix(name, "opt@"); !optional {
			path = strings.TrimPrefix(name, "file@")
		}
		data, err = e.ReadFile(path)
		switch {
		case errors.Is(err, syscall.EISDIR):
			return nil, fmt.Errorf("error encountered while reading  <%s> : Is a directory", path)
		case path == "", err != nil && !optional:
			if optional {
				path = name
			}
			return nil, fmt.Errorf("failed to open pattern file <%s>", path)
		}
	}
	l = r.newList(name, -1)
	l.IsMap = asMap
	l.read(string(data), asMap)
	return l, nil
}

// read takes the lines of a file (configuration manual 7.1, "-f", and the
// converter map).
func (l *List) read(data string, asMap bool) {
	for len(data) > 0 {
		var line string
		line, data, _ = strings.Cut(data, "\n")
		line = strings.TrimSuffix(line, "\r")
		if line == "" || line[0] == '#' {
			continue
		}
		if line = strings.TrimLeft(line, " \t"); line == "" {
			continue
		}
		val := ""
		if asMap {
			if i := strings.IndexAny(line, " \t"); i >= 0 {
				line, val = line[:i], strings.Trim(line[i:], " \t")
			}
		}
		l.appendEntry(line, val)
	}
}

func sortStrings(s []string) { sort.Strings(s) }
