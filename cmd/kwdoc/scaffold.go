package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"unicode"
)

// rooms are the tables that a keyword can be laid out for.
var rooms = map[string]string{"action": "proxy/action"}

// scaffold writes the Go file and the test case of a new keyword below root.
// It never overwrites a file.
func scaffold(root, table, name string) error {
	room, ok := rooms[table]
	if !ok {
		return fmt.Errorf("no layout for table %q; look at a neighbour in its room", table)
	}
	if name == "" || strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
		return fmt.Errorf("%q is no name of a keyword: lower-case letters, digits and dashes", name)
	}
	file := strings.ReplaceAll(name, "-", "_")
	for path, text := range map[string]string{
		filepath.Join(room, file+".go"): fmt.Sprintf(actionText, camel(name), name),
		filepath.Join("testdata/haproxy/check", file+".txtar"): fmt.Sprintf("The action %s.\n-- t.cfg --\ndefaults\n mode http\n timeout client 1s\n timeout server 1s\n timeout connect 1s\n"+
			"listen l\n bind 127.0.0.1:1234\n server s 127.0.0.1:1\n http-request %s x\n-- ok --\n", name, name),
	} {
		full := filepath.Join(root, path)
		if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
			return err
		}
		f, err := os.OpenFile(full, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
		if err != nil {
			return err
		}
		if _, err := f.WriteString(text); err != nil {
			f.Close()
			return err
		}
		if err := f.Close(); err != nil {
			return err
		}
	}
	return nil
}

const actionText = `package action

import (
	"tandem/parser/expr"
	"tandem/parser/keyword"
	"tandem/proxy/tx"
)

// %[1]sAction goes into a group of all.go.
//
// TODO: say what %[2]q does, act, and take the NotActed flag away.
var %[1]sAction = keyword.Define(keyword.Spec{
	Name: %[2]q, In: httpReq, Flags: keyword.NotActed, Doc: "One sentence.",
}, func(*keyword.Env, *%[1]sArgs) (Action, error) {
	return Action{Run: func(*tx.Tx) Verdict { return Continue }}, nil
})

// %[1]sArgs is the grammar of its arguments.
type %[1]sArgs struct {
	Value expr.Word ` + "`parser:\"@@\"`" + `
}
`

// camel turns "set-foo" into "setFoo".
func camel(name string) string {
	var b strings.Builder
	up := false
	for _, r := range name {
		if r == '-' {
			up = true
			continue
		}
		if up {
			r = unicode.ToUpper(r)
		}
		up = false
		b.WriteRune(r)
	}
	return b.String()
}
