package auth

import (
	"fmt"
	"strings"

	"tandem/parser/diag"
	"tandem/parser/keyword"
)

// Setting is what a line of a userlist section makes.
type Setting func(*Userlist) error

// Words is the table of the lines of a "userlist" section (configuration
// manual 12.2).
var Words = keyword.NewTable("userlist keyword", lines)

var lines = []*keyword.Def[Setting]{
	keyword.Define(keyword.Spec{
		Name: "group", In: keyword.Userlist, Doc: "Name a group and its users.",
	}, newGroup),
	keyword.Define(keyword.Spec{
		Name: "user", In: keyword.Userlist, Doc: "Name a user with password and groups.",
	}, newUser),
}

func refuse(i int, format string, args ...any) error {
	return &keyword.Error{Index: i, Code: diag.BadArguments, Text: fmt.Sprintf(format, args...)}
}

// split divides a comma-separated list and drops empty names.
func split(s string) []string {
	return strings.FieldsFunc(s, func(r rune) bool { return r == ',' })
}

// groupArgs is "<name> [users <user>,<user>…]".
type groupArgs struct {
	name  string
	at    int
	users []string
}

// Usage is what messages say of the arguments.
func (groupArgs) Usage() string { return "<groupname> [users <user>,<user>,(...)]" }

// ParseArgs reads the name and the users.
func (g *groupArgs) ParseArgs(a *keyword.Args) error {
	var ok bool
	if g.name, g.at, ok = a.Next(); !ok {
		return refuse(-1, "'group' expects <name> as arguments.")
	}
	for a.More() {
		w, at, _ := a.Next()
		if w != "users" {
			return refuse(at, "'group' only supports 'users' option.")
		}
		list, _, _ := a.Next()
		g.users = split(list)
	}
	return nil
}

func newGroup(e *keyword.Env, a *groupArgs) (Setting, error) {
	return func(l *Userlist) error {
		if !l.AddGroup(a.name, a.users) {
			e.Warnf(diag.Duplicate, a.at, "ignoring duplicated group '%s' in userlist '%s'.", a.name, l.Name)
		}
		return nil
	}, nil
}

// userArgs is "<name> [password|insecure-password <password>] [groups <group>,…]".
type userArgs struct {
	name, password string
	at, passwordAt int
	plain          bool
	groups         []string
}

// Usage is what messages say of the arguments.
func (userArgs) Usage() string {
	return "<username> [password|insecure-password <password>] [groups <group>,<group>,(...)]"
}

// ParseArgs reads the name, the password and the groups.
func (u *userArgs) ParseArgs(a *keyword.Args) error {
	var ok bool
	if u.name, u.at, ok = a.Next(); !ok {
		return refuse(-1, "'user' expects <name> as arguments.")
	}
	for a.More() {
		w, at, _ := a.Next()
		switch w {
		case "password", "insecure-password":
			u.plain = w == "insecure-password"
			u.password, u.passwordAt, _ = a.Next()
		case "groups":
			list, _, _ := a.Next()
			u.groups = split(list)
		default:
			return refuse(at, "'user' only supports 'password', 'insecure-password' and 'groups' options.")
		}
	}
	return nil
}

func newUser(e *keyword.Env, a *userArgs) (Setting, error) {
	return func(l *Userlist) error {
		if !l.AddUser(a.name, a.password, a.plain, a.groups) {
			e.Warnf(diag.Duplicate, a.at, "ignoring duplicated user '%s' in userlist '%s'.", a.name, l.Name)
			return nil
		}
		if u := l.users[a.name]; a.password != "" && !u.Verifiable() {
			w := e.Warnf(diag.NotActedOn, a.passwordAt, "the kind of the password hash of user '%s' is not known to this program: nobody will get in with it.", a.name)
			w.Ours = true
		}
		return nil
	}, nil
}
