package sample

import (
	"strings"

	"tandem/parser/keyword"
	"tandem/proxy/tx"
)

// Scripts are the fetches and converters that scripts registered as
// "lua.<name>"; they are attached to the Env.
type Scripts interface {
	// ScriptFetch returns what makes a use of the fetch with its arguments, nil
	// where there is none of that name.
	ScriptFetch(name string) func(args []string) func(t *tx.Tx, v *Value) bool
	// ScriptConv is the same for converters: they take and make texts.
	ScriptConv(name string) func(args []string) func(t *tx.Tx, v *Value) bool
}

// scriptArgs is the signature of what scripts register.
const scriptArgs = "[string,string,string,string,string]"

// buildScript makes the build function of a word that a script registered.
func buildScript(of func(args []string) func(t *tx.Tx, v *Value) bool) buildFunc {
	return func(_ *keyword.Env, a args) (evalFunc, error) {
		var texts []string
		for i := range a {
			if a[i].set && (i > 0 || a[i].text != "") {
				texts = append(texts, a[i].text)
			}
		}
		return of(texts), nil
	}
}

const scriptPrefix = "lua."

func lookupFetch(e *keyword.Env, name string) *keyword.Def[Fetch] {
	if d := Fetches.Lookup(name); d != nil {
		return d
	}
	if s := keyword.Attached[Scripts](e); s != nil && strings.HasPrefix(name, scriptPrefix) {
		if of := s.ScriptFetch(strings.TrimPrefix(name, scriptPrefix)); of != nil {
			return fetch(name, scriptArgs, tx.TypeStr, RequestHTTP|ResponseHTTP, "A fetch of a script.", buildScript(of)).def
		}
	}
	return nil
}

// lookupConv returns a converter and the type that it takes.
func lookupConv(e *keyword.Env, name string) (*keyword.Def[Conv], Type) {
	if d := Convs.Lookup(name); d != nil {
		return d, ConvSignatures[name].In
	}
	if s := keyword.Attached[Scripts](e); s != nil && strings.HasPrefix(name, scriptPrefix) {
		if of := s.ScriptConv(strings.TrimPrefix(name, scriptPrefix)); of != nil {
			return conv(name, scriptArgs, tx.TypeStr, tx.TypeStr, "A converter of a script.", buildScript(of)).def, tx.TypeStr
		}
	}
	return nil, tx.TypeAny
}
