package tx

import (
	"sync"
	"sync/atomic"
)

// VarScope is the life of a variable (configuration manual 2.8).
type VarScope uint8

// Scopes of variables.
const (
	VarProc VarScope = iota
	VarSess
	VarTxn
	VarReq
	VarRes
	VarCheck
)

// VarName is a variable as written, split once at configuration time.
type VarName struct {
	Scope VarScope
	Name  string // without scope; unique together with Scope
}

// Vars holds the variables of one scope; few enough for a scan.
type Vars struct{ list []namedValue }

type namedValue struct {
	name  string
	value Value
}

// Get returns the variable's value.
func (v *Vars) Get(name string) (Value, bool) {
	for i := range v.list {
		if v.list[i].name == name {
			return v.list[i].value, true
		}
	}
	return Value{}, false
}

// Set stores a copy of value under name, reusing the old one's memory.
func (v *Vars) Set(name string, value Value) {
	for i := range v.list {
		if v.list[i].name == name {
			buf := append(v.list[i].value.B[:0], value.B...)
			v.list[i].value, v.list[i].value.B = value, buf
			return
		}
	}
	if n := len(v.list); n < cap(v.list) {
		v.list = v.list[:n+1]
		e := &v.list[n]
		buf := append(e.value.B[:0], value.B...)
		e.name, e.value, e.value.B = name, value, buf
		return
	}
	v.list = append(v.list, namedValue{name, value.Own()})
}

// Unset forgets the variable.
func (v *Vars) Unset(name string) {
	for i := range v.list {
		if v.list[i].name == name {
			v.list = append(v.list[:i], v.list[i+1:]...)
			v.list[:len(v.list)+1][len(v.list)] = namedValue{} // its memory moved on with the last
			return
		}
	}
}

// Reset forgets all variables.
func (v *Vars) Reset() { v.list = v.list[:0] }

// CopyFrom makes v hold what o holds.
func (v *Vars) CopyFrom(o *Vars) {
	if len(v.list) > 0 {
		v.Reset()
	}
	for i := range o.list {
		v.Set(o.list[i].name, o.list[i].value)
	}
}

// Each calls f for every variable.
func (v *Vars) Each(f func(name string, value Value)) {
	for i := range v.list {
		f(v.list[i].name, v.list[i].value)
	}
}

// ProcVars are the variables of the whole process, shared by all goroutines.
type ProcVars struct {
	Stopping atomic.Bool // the process was told to end

	mu    sync.RWMutex
	m     map[string]Value
	named map[string]bool // the configuration names them
}

// Get returns a variable of the process.
func (p *ProcVars) Get(name string) (Value, bool) {
	p.mu.RLock()
	defer p.mu.RUnlock()
	v, ok := p.m[name]
	return v, ok
}

// Name says that the configuration names a variable.
func (p *ProcVars) Name(name string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.named == nil {
		p.named = map[string]bool{}
	}
	p.named[name] = true
}

// Named says whether the configuration names a variable, or anybody set it.
func (p *ProcVars) Named(name string) bool {
	p.mu.RLock()
	defer p.mu.RUnlock()
	_, set := p.m[name]
	return set || p.named[name]
}

// Set stores a copy.
func (p *ProcVars) Set(name string, v Value) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.m == nil {
		p.m = map[string]Value{}
	}
	p.m[name] = v.Own()
}

// Unset forgets a variable.
func (p *ProcVars) Unset(name string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.m, name)
}

// Each calls f for every variable, in no order.
func (p *ProcVars) Each(f func(name string, v Value)) {
	p.mu.RLock()
	defer p.mu.RUnlock()
	for n, v := range p.m {
		f(n, v)
	}
}

// GetVar returns a variable of any scope.
func (t *Tx) GetVar(n VarName) (Value, bool) {
	if n.Scope == VarProc {
		return t.Sess.Proc.Get(n.Name)
	}
	return t.vars(n.Scope).Get(n.Name)
}

// SetVar stores a copy of v in a variable of any scope.
func (t *Tx) SetVar(n VarName, v Value) {
	if n.Scope == VarProc {
		t.Sess.Proc.Set(n.Name, v)
		return
	}
	t.vars(n.Scope).Set(n.Name, v)
}

// UnsetVar forgets a variable of any scope.
func (t *Tx) UnsetVar(n VarName) {
	if n.Scope == VarProc {
		t.Sess.Proc.Unset(n.Name)
		return
	}
	t.vars(n.Scope).Unset(n.Name)
}

func (t *Tx) vars(s VarScope) *Vars {
	switch s {
	case VarSess, VarCheck:
		return &t.Sess.Vars
	case VarReq:
		return &t.ReqVars
	case VarRes:
		return &t.ResVars
	}
	return &t.TxnVars
}
