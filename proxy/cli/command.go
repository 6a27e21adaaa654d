package cli

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"tandem/parser/keyword"
	"tandem/parser/source"
)

// Level is what a connection to the socket may do ("level" of its bind line).
type Level uint8

// Levels, each may do what those before it may.
const (
	User Level = iota
	Operator
	Admin
)

// LevelOf returns the level that a bind line gives; operator without one.
func LevelOf(word string) Level {
	switch word {
	case "user":
		return User
	case "admin":
		return Admin
	}
	return Operator
}

// String returns the word of the bind line.
func (l Level) String() string { return [...]string{"user", "operator", "admin"}[l] }

// Command is one command of the socket. Usage is what help prints in front of
// the description.
type Command struct {
	Usage  string
	Level  Level // the least that may issue it
	Expert bool  // only after "expert-mode on"
	Secret bool  // not listed by help
	Run    func(*Call)
}

// command makes the Def of a command: its name, usage, level and one sentence.
func command(name, usage string, level Level, doc string, run func(*Call)) *keyword.Def[Command] {
	return define(keyword.Spec{Name: name, Doc: doc}, Command{Usage: name + usage, Level: level, Run: run})
}

// secret makes the Def of a command that help does not list.
func secret(name string, level Level, doc string, run func(*Call)) *keyword.Def[Command] {
	return define(keyword.Spec{Name: name, Doc: doc}, Command{Usage: name, Level: level, Secret: true, Run: run})
}

func define(s keyword.Spec, c Command) *keyword.Def[Command] {
	return keyword.Define(s, func(*keyword.Env, *words) (Command, error) { return c, nil })
}

// words is the argument struct of all commands: they read their words
// themselves, since wrong ones are answered and not reported.
type words struct{}

// ParseArgs takes all words.
func (*words) ParseArgs(a *keyword.Args) error { a.Rest(); return nil }

// commandOf returns what a Def makes; that needs no words.
func commandOf(d *keyword.Def[Command]) Command {
	c, _, _ := d.Read(&keyword.Env{}, nil, 0)
	return c
}

// find returns the command that the words begin with and the words behind it.
func find(table *keyword.Table[Command], list []string) (*keyword.Def[Command], []string) {
	w := make([]source.Word, len(list))
	for i, s := range list {
		w[i].Text = s
	}
	d, n := table.Match(w, 0)
	if d == nil {
		return nil, list
	}
	return d, list[n:]
}

// Severity is the syslog level of an answer, for "set severity-output".
type Severity uint8

// Severities that answers have.
const (
	Err     Severity = 3
	Warning Severity = 4
	Notice  Severity = 5
	Info    Severity = 6
)

var severityWords = map[Severity]string{Err: "err", Warning: "warning", Notice: "notice", Info: "info"}

// Call is one command being answered.
type Call struct {
	*Env
	Args    []string // words behind the command's name
	Payload string   // lines that followed "<<"; empty without
	HasLoad bool     // there was a payload, be it empty
	Ctx     context.Context

	sess *session
	out  io.Writer
}

// arg returns word i of the arguments, "" where there is none.
func (c *Call) arg(i int) string {
	if i < len(c.Args) {
		return c.Args[i]
	}
	return ""
}

// rest joins the words from i on.
func (c *Call) rest(i int) string {
	if i >= len(c.Args) {
		return ""
	}
	return strings.Join(c.Args[i:], " ")
}

// printf writes a part of the answer.
func (c *Call) printf(format string, args ...any) { fmt.Fprintf(c.out, format, args...) }

// write writes a part of the answer.
func (c *Call) write(b []byte) { c.out.Write(b) }

// say answers with one line of the given severity.
func (c *Call) say(s Severity, format string, args ...any) {
	switch c.sess.severity {
	case "number":
		c.printf("[%d]: ", s)
	case "string":
		c.printf("[%s]: ", severityWords[s])
	}
	c.printf(format, args...)
	c.printf("\n")
}

// fail answers with an error.
func (c *Call) fail(format string, args ...any) { c.say(Err, format, args...) }

// allowed says whether the connection has at least that level; if not, that
// is the answer.
func (c *Call) allowed(l Level) bool {
	if c.sess.level >= l {
		return true
	}
	c.fail("Permission denied")
	return false
}

// sleep waits for d or until the connection is over.
func (c *Call) sleep(d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-c.Ctx.Done():
		return false
	}
}
