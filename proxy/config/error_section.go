package config

import "tandem/proxy/tx"

// errorSection is an http-errors section as the rules see it that name one.
type errorSection map[int]*ErrorFile

// ErrorReply implements action.ErrorFiles.
func (s errorSection) ErrorReply(status int) *tx.Reply {
	f := s[status]
	switch {
	case f == nil:
		return nil
	case f.Reply != nil:
		return f.Reply
	case f.Raw != nil:
		return &tx.Reply{Status: status, Raw: f.Raw}
	}
	return nil
}

// errorViews returns the views of an http-errors section, nil if there is none
// of that name.
func (o *Others) errorViews(name string) []any {
	if b, ok := o.ErrorSections[name].(*Block); ok {
		return []any{b.Errors, errorSection(b.Errors)}
	}
	return nil
}
