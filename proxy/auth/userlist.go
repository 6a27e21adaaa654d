// Package auth holds userlists: users, their password hashes, and groups
// (configuration manual 3.4 and 12.2).
package auth

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"strings"
	"sync/atomic"

	"github.com/GehirnInc/crypt"
	"github.com/GehirnInc/crypt/apr1_crypt"
	"github.com/GehirnInc/crypt/md5_crypt"
	"github.com/GehirnInc/crypt/sha256_crypt"
	"github.com/GehirnInc/crypt/sha512_crypt"
	"golang.org/x/crypto/bcrypt"
)

// Userlist is one "userlist" section. It does not change once Resolve was
// called, and is then safe for concurrent use.
type Userlist struct {
	Name   string
	users  map[string]*User
	order  []*User
	groups map[string]*group
	key    [32]byte // of this process's digests of verified passwords
}

// User is one user of a list.
type User struct {
	Name   string
	Groups []string // as the user's line names them

	plain    bool // the password is not hashed
	password string
	verify   func(password []byte) bool

	// good is the digest of the password that was verified last: hashes are
	// slow on purpose, and every request carries the password again.
	good atomic.Pointer[[sha256.Size]byte]
}

type group struct {
	name    string
	listed  []string // users that the group's line names
	members map[string]bool
}

// NewUserlist returns an empty list.
func NewUserlist(name string) *Userlist {
	l := &Userlist{Name: name, users: map[string]*User{}, groups: map[string]*group{}}
	rand.Read(l.key[:])
	return l
}

// AddUser adds a user; it returns false if there is one of that name, which
// then stays. An empty password lets nobody in.
func (l *Userlist) AddUser(name, password string, plain bool, groups []string) bool {
	if l.users[name] != nil {
		return false
	}
	u := &User{Name: name, Groups: groups, password: password, plain: plain}
	if !plain {
		u.verify = verifier(password)
	}
	l.users[name] = u
	l.order = append(l.order, u)
	return true
}

// AddGroup adds a group; it returns false if there is one of that name, which
// then stays.
func (l *Userlist) AddGroup(name string, users []string) bool {
	if l.groups[name] != nil {
		return false
	}
	l.groups[name] = &group{name: name, listed: users, members: map[string]bool{}}
	return true
}

// Resolve joins users and groups once all lines are read, and returns what is
// wrong with them in the original's words.
func (l *Userlist) Resolve() []error {
	var errs []error
	for _, u := range l.order {
		for _, name := range u.Groups {
			if g := l.groups[name]; g != nil {
				g.members[u.Name] = true
			} else {
				errs = append(errs, fmt.Errorf("userlist '%s': no such group '%s' specified in user '%s'", l.Name, name, u.Name))
			}
		}
	}
	for _, g := range l.groups {
		for _, name := range g.listed {
			if l.users[name] != nil {
				g.members[name] = true
			} else {
				errs = append(errs, fmt.Errorf("userlist '%s': no such user '%s' specified in group '%s'", l.Name, name, g.name))
			}
		}
	}
	return errs
}

// Users returns the list's users in the order of their lines.
func (l *Userlist) Users() []*User { return l.order }

// Verifiable says whether this program can check the user's password: it is
// plain text, or a hash of a known kind. Nobody gets in otherwise.
func (u *User) Verifiable() bool { return u.plain || u.verify != nil }

// Check says whether the list has that user with that password.
func (l *Userlist) Check(user, password []byte) bool {
	u := l.users[string(user)]
	if u == nil || len(u.password) == 0 {
		return false
	}
	if u.plain {
		return same([]byte(u.password), password)
	}
	if u.verify == nil {
		return false
	}
	mac := hmac.New(sha256.New, l.key[:])
	mac.Write(password)
	var sum [sha256.Size]byte
	mac.Sum(sum[:0])
	if good := u.good.Load(); good != nil && subtle.ConstantTimeCompare(good[:], sum[:]) == 1 {
		return true
	}
	if !u.verify(password) {
		return false
	}
	u.good.Store(&sum)
	return true
}

// same compares in constant time, lengths aside.
func same(a, b []byte) bool {
	x, y := sha256.Sum256(a), sha256.Sum256(b)
	return subtle.ConstantTimeCompare(x[:], y[:]) == 1
}

// InGroup says whether the user is in the group.
func (l *Userlist) InGroup(user []byte, name string) bool {
	g := l.groups[name]
	return g != nil && g.members[string(user)]
}

// HasGroup says whether the list has a group of that name.
func (l *Userlist) HasGroup(name string) bool { return l.groups[name] != nil }

// crypters are the kinds of hashes of crypt(3) by their prefix.
var crypters = []struct {
	prefix string
	make   func() crypt.Crypter
}{
	{"$1$", md5_crypt.New},
	{"$apr1$", apr1_crypt.New},
	{"$5$", sha256_crypt.New},
	{"$6$", sha512_crypt.New},
}

// verifier returns what checks a password against a hash, nil for kinds of
// hashes that are not known.
func verifier(hash string) func([]byte) bool {
	for _, c := range crypters {
		if strings.HasPrefix(hash, c.prefix) {
			return func(password []byte) bool { return c.make().Verify(hash, password) == nil }
		}
	}
	for _, p := range []string{"$2a$", "$2b$", "$2y$", "$2x$"} {
		if strings.HasPrefix(hash, p) {
			return func(password []byte) bool { return bcrypt.CompareHashAndPassword([]byte(hash), password) == nil }
		}
	}
	return nil
}
