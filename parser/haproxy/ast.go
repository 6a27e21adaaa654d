// Package haproxy reads the text of haproxy configurations: lines, words,
// quotes, variables, conditional blocks. It knows where sections begin and no
// other keyword; what the words mean is for the tables of proxy/config.
package haproxy

import (
	"tandem/parser/source"
)

// File is one configuration file. Nothing of the text is lost: what is no
// live line (blanks, comments, blocks that a condition dropped, lines that
// could not be read) is the lead of the line that follows it, or the tail.
type File struct {
	Source   *source.File
	Sections []*Section
	// Stopped says that the original stops reading here: .alert, a condition
	// that cannot be read, a NUL. What follows is not in Sections.
	Stopped bool

	lines int   // live lines
	tail  int32 // where the last live line ends
}

// Section is a section line and the live lines below it. Lines before any
// section (which the original refuses one by one) form a first Section whose
// Keyword is empty.
type Section struct {
	Keyword source.Word // "frontend"; without Text before the first section
	Line    Line        // the section line itself
	Lines   []Line      // live lines, in order
	Scope   string      // "engine" below a line "[engine]": SPOE files only
}

// Name returns the word after the section's keyword, or "".
func (s *Section) Name() string {
	if len(s.Line.Words) > 1 {
		return s.Line.Words[1].Text
	}
	return ""
}

// Title returns what ${.SECTION} expands to: the name, or else the keyword.
func (s *Section) Title() string {
	if n := s.Name(); n != "" {
		return n
	}
	return s.Keyword.Text
}

// Line is one line with at least one word, after quotes, escapes and
// variables (configuration manual 2.2 and 2.3).
type Line struct {
	Words []source.Word
	Span  source.Span // the whole line, without its LF
	// No and Default say that the first word is that prefix. It stays in
	// Words; see Bare.
	No, Default bool

	lead int32 // where the text between the line before and this one begins
	end  int32 // where the last word ended when it was read
}

// Bare returns the words behind a "no" or "default" prefix.
func (l *Line) Bare() []source.Word {
	if l.No || l.Default {
		return l.Words[1:]
	}
	return l.Words
}

// prefixed says whether a "no" or "default" of the line stands before a word
// that may take one. Which options take them is for the tables to say.
func (l *Line) prefixed() bool {
	if w := l.Bare(); len(w) > 0 {
		switch w[0].Text {
		case "option", "log", "busy-polling", "set-dumpable", "strict-limits", "insecure-fork-wanted", "numa-cpu-mapping":
			return true
		}
	}
	return false
}

// MaxWords is the most words a line may have; the original refuses more.
const MaxWords = 64

// MaxSize is the most bytes the original reads of one file.
const MaxSize = 10 << 20

// maxNesting is how deep .if blocks nest.
const maxNesting = 99

// Options are what the text alone does not tell.
type Options struct {
	// IsSection says whether a word opens a section; nil: the sections of
	// haproxy 1.3 to 3.5 (DefaultSections).
	IsSection func(word string) bool
	// Env is what variables expand from, and what setenv, presetenv, unsetenv
	// and resetenv change while reading: share one between the files of a
	// configuration. nil: made from Getenv.
	Env *Environ
	// Getenv looks a variable up where Env is nil; nil: none is set.
	Getenv func(string) (string, bool)
	// Cond answers the predicates of .if; nil: an empty one.
	Cond *CondEnv
	// Each, if set, is called for each live line before the next one is
	// read, the section line first.
	Each func(*Section, *Line)
	// EmptyArgs accepts empty arguments as releases before 3.3 did: they end
	// the list with a warning. The default is to refuse them.
	EmptyArgs bool
	// Discover reads without a word: no diagnostics of .notice and the like
	// (the master's first pass over the file).
	Discover bool
}

// DefaultSections says whether word opens a section in any release from 1.3
// to 3.5, of the main file or of a SPOE file.
func DefaultSections(word string) bool {
	switch word {
	case "global", "defaults", "frontend", "backend", "listen", "userlist", "peers", "mailers",
		"namespace_list", "resolvers", "cache", "http-errors", "fcgi-app", "ring", "log-forward",
		"log-profile", "crt-store", "traces", "acme", "healthcheck", "program":
		return true
	}
	return false
}

// SPOESections says whether word opens a section of a SPOE file.
func SPOESections(word string) bool {
	return word == "spoe-agent" || word == "spoe-group" || word == "spoe-message"
}
