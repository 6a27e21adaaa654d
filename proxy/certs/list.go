package certs

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// fileLine is a line of a crt-list as it stands in the file.
type fileLine struct {
	File    string
	Options []string // the words in brackets
	Names   []string
	Words   Words  // what the options say about the handshake
	Own     bool   // they say something
	Files   Source // and which files they name
	ACME    string // section of an authority
}

// OptionError is what is wrong with the value of an option; unlike other faults
// of a line its place is not told, or told with a space more.
type OptionError struct {
	text   string
	spaced bool
}

func (b OptionError) Error() string { return b.text }

// splitLine takes a line of a crt-list apart; nil where there is nothing on
// it. Errors are in the original's words, without the place.
func splitLine(line string) (*fileLine, error) {
	line = strings.TrimSpace(line)
	if line == "" || line[0] == '#' {
		return nil, nil
	}
	head, rest, bracketed := strings.Cut(line, "[")
	if !bracketed {
		if strings.Contains(line, "]") {
			return nil, errors.New("missing '['")
		}
		words := strings.Fields(line)
		return &fileLine{File: words[0], Names: words[1:]}, nil
	}
	inside, tail, _ := strings.Cut(rest, "]")
	switch {
	case strings.Contains(head, "]"):
		return nil, errors.New("missing '['")
	case strings.Contains(inside+tail, "["):
		return nil, errors.New("too many '['")
	case strings.Contains(tail, "]"):
		return nil, errors.New("too many ']'")
	}
	words := strings.Fields(head)
	if len(words) == 0 {
		return nil, errors.New("file must start with a cert")
	}
	l := &fileLine{File: words[0], Options: strings.Fields(inside), Names: append(words[1:], strings.Fields(tail)...)}
	return l, l.readOptions()
}

// ParseUse reads the words of an ssl-f-use line, which names its certificate
// by "crt" (configuration manual 4.2). own is what the line says about the
// handshake. Errors are in the original's words.
func ParseUse(words []string) (src Source, own *Words, err error) {
	l := &fileLine{Options: words}
	if err := l.readUse(); err != nil {
		return Source{}, nil, err
	}
	return l.Files, &l.Words, nil
}

// Spaced says whether the value is told of with the place before it.
func (b OptionError) Spaced() bool { return b.spaced }

func (l *fileLine) readUse() error {
	if err := l.readOptions(); err != nil {
		var bad *unknownOption
		if errors.As(err, &bad) {
			return fmt.Errorf("unknown crt keyword '%s'", bad.word)
		}
		return err
	}
	if !slices.Contains(l.Options, "crt") {
		return errors.New("Trying to load a certificate but no 'crt' keyword specified.")
	}
	l.File = l.Files.Crt
	return nil
}

// unknownOption is returned for a word that may not stand on such a line.
type unknownOption struct{ word string }

func (u *unknownOption) Error() string { return "unknown ssl keyword " + u.word }

// readOptions reads the words in brackets.
func (l *fileLine) readOptions() error {
	opts := l.Options
	for i := 0; i < len(opts); i++ {
		name, value := opts[i], ""
		if i+1 < len(opts) {
			value = opts[i+1]
		}
		if to := l.Files.Field(name); to != nil || sourceWords[name] {
			if i++; to != nil {
				*to = value
			}
			if sourceSwitches[name] && value != "on" && value != "off" {
				return OptionError{fmt.Sprintf("cannot parse '%s' value '%s', 'on' or 'off' is expected", name, value), true}
			}
			if name == "acme" {
				l.ACME = value
			}
			if name == "ocsp-update" && value == "on" || name == "acme" {
				l.Own, l.Words.unspoken = true, append(l.Words.unspoken, name)
			}
			continue
		}
		word, ok := lineWords[name]
		switch {
		case !ok:
			return &unknownOption{name}
		case i+word.args >= len(opts):
			return fmt.Errorf("ssl args out of '[]' for %s", name)
		}
		if err := word.set(&l.Words, value); err != nil {
			return OptionError{err.Error(), false}
		}
		i, l.Own = i+word.args, true
	}
	return nil
}

// sourceWords are the words of a crt-store's load lines that say nothing of
// files; those of sourceSwitches are on or off.
var (
	sourceWords    = map[string]bool{"alias": true, "ocsp-update": true, "domains": true, "acme": true, "jwt": true}
	sourceSwitches = map[string]bool{"ocsp-update": true, "jwt": true}
)

// Field returns where the file of a word is kept, nil where it names none.
func (s *Source) Field(word string) *string {
	switch word {
	case "crt":
		return &s.Crt
	case "key":
		return &s.Key
	case "issuer":
		return &s.Issuer
	case "ocsp":
		return &s.OCSP
	case "sctl":
		return &s.SCTL
	}
	return nil
}

// explicit says whether files beside the certificate are named.
func (s *Source) explicit() bool { return s.Key+s.Issuer+s.OCSP+s.SCTL != "" }

// conflict says how src, of a line of a list, names other files than those that
// e was made of, "" where it does not.
func (e *Entry) conflict(src Source, list string, n int) string {
	if e.own {
		return ""
	}
	text := ""
	for _, word := range []string{"key", "issuer", "ocsp", "sctl"} {
		was, is := *e.src.Field(word), *src.Field(word)
		if was == is {
			continue
		}
		text += fmt.Sprintf("- different parameter '%s' : previously '%s' vs '%s'\n", word, orNull(was), orNull(is))
	}
	switch {
	case text == "":
		return ""
	case !e.src.explicit():
		text = "Can't use the certificate previously defined without any keyword with these keywords:\n" + text
	case !src.explicit():
		text = "Can't use the certificate previously defined with keywords without these keywords:\n" + text
	}
	return fmt.Sprintf("'%s' in crt-list '%s' line %d, is already defined with incompatible parameters:\n %s", e.Path, list, n, text)
}

func orNull(s string) string {
	if s == "" {
		return "(null)"
	}
	return s
}

// unended says where the last line of a crt-list lacks its line feed; a NUL
// ends a line for the original.
func unended(path string, data []byte) error {
	n := len(data)
	if i := bytes.IndexByte(data, 0); i >= 0 {
		n = i
	}
	if n > 0 && (n < len(data) || data[n-1] != '\n') {
		last := bytes.LastIndexByte(data[:n], '\n') + 1
		return fmt.Errorf("parsing [%s:%d]: Missing LF on last line, file might have been truncated at position %d.\n", path, bytes.Count(data[:n], []byte("\n"))+1, n-last+1)
	}
	return nil
}
