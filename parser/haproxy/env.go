package haproxy

import (
	"strings"

	"tandem/parser/source"
)

// Environ is a set of variables above those of the process: setenv and its
// kin change it, never the process itself.
type Environ struct {
	base  func(string) (string, bool)
	set   map[string]string
	unset map[string]bool // hides names of base
	reset bool            // base is hidden but for kept
	kept  map[string]bool
}

// NewEnviron makes an Environ over base (os.LookupEnv); nil: an empty one.
func NewEnviron(base func(string) (string, bool)) *Environ { return &Environ{base: base} }

// Lookup returns the value of a variable and whether it is set.
func (e *Environ) Lookup(name string) (string, bool) {
	if v, ok := e.set[name]; ok {
		return v, true
	}
	if e.base == nil || e.unset[name] || e.reset && !e.kept[name] {
		return "", false
	}
	return e.base(name)
}

// Set gives a variable a value.
func (e *Environ) Set(name, value string) {
	if e.set == nil {
		e.set = map[string]string{}
	}
	e.set[name] = value
}

// Unset removes a variable.
func (e *Environ) Unset(name string) {
	delete(e.set, name)
	if e.unset == nil {
		e.unset = map[string]bool{}
	}
	e.unset[name] = true
}

// Reset removes all variables but those named.
func (e *Environ) Reset(keep []string) {
	kept := make(map[string]bool, len(keep))
	for _, k := range keep {
		if _, ok := e.Lookup(k); ok {
			kept[k] = true
		}
	}
	for k := range e.set {
		if !kept[k] {
			delete(e.set, k)
		}
	}
	e.reset, e.kept = true, kept
}

// Apply performs a line of a global section that changes variables, and says
// whether it is one. They are the only keywords besides sections that level 1
// knows, since they change how the lines below read (manual, section 3.1).
func (e *Environ) Apply(words []source.Word) bool {
	if len(words) == 0 || !strings.HasSuffix(words[0].Text, "env") {
		return false
	}
	args := words[1:]
	switch words[0].Text {
	case "setenv":
		if len(args) >= 2 {
			e.Set(args[0].Text, args[1].Text)
		}
	case "presetenv":
		if len(args) >= 2 {
			if _, ok := e.Lookup(args[0].Text); !ok {
				e.Set(args[0].Text, args[1].Text)
			}
		}
	case "unsetenv":
		for _, a := range args {
			e.Unset(a.Text)
		}
	case "resetenv":
		keep := make([]string, len(args))
		for i, a := range args {
			keep[i] = a.Text
		}
		e.Reset(keep)
	default:
		return false
	}
	return true
}
