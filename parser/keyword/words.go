package keyword

import "tandem/parser/diag"

// ReadWords reads the words that are left as a sequence of keywords of t, as
// on a "server" or "bind" line, and hands what each makes to apply. An
// unknown word ends the line with an error in the original's text.
func (t *Table[T]) ReadWords(in *Args, apply func(*Def[T], T) error) error {
	e := in.Env
	for in.More() {
		at := in.Pos
		def, next := t.Match(in.Words, at)
		if def == nil {
			w := in.Peek()
			text, near := "unknown keyword '"+w+"'", t.Suggest(w, 0)
			if near != "" {
				text += "; did you mean '" + near + "' maybe ?"
			} else {
				text += "."
			}
			return &Error{Index: at, Code: diag.UnknownKeyword, Text: text, Hint: near, Place: true}
		}
		if def.Gone(e) {
			return &Error{Index: at, Code: diag.RemovedWord, Text: def.refusal(e, at).Text, Hint: def.Instead}
		}
		if !def.Note(e, at) {
			in.Rest()
			return nil
		}
		v, n, err := def.Read(e, in.Words, next)
		if err == nil {
			in.Pos = n
			err = apply(def, v)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
