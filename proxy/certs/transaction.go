package certs

import (
	"errors"
	"fmt"
)

var errNoChange = errors.New("No ongoing transaction!")

// transaction is the one change of files of a kind that may wait for its
// commit (management guide 9.3, "set ssl cert"). Errors are in the original's
// words.
type transaction[T any] struct {
	path    string // what it is about; "": none waits
	pending *T
}

// busy refuses a change of one file while another one's waits.
func (x *transaction[T]) busy(path, verb string) error {
	if x.path != "" && x.path != path {
		return fmt.Errorf("The ongoing transaction is about '%s' but you are trying to %s '%s'", x.path, verb, path)
	}
	return nil
}

// hold keeps next as the change of path, and says whether it is a new change.
func (x *transaction[T]) hold(path string, next *T) (created bool) {
	created = x.path == ""
	x.path, x.pending = path, next
	return created
}

// forget ends the change, in force or not.
func (x *transaction[T]) forget() { *x = transaction[T]{} }

// abort drops the change of path.
func (x *transaction[T]) abort(path string) error {
	if x.path == "" {
		return errNoChange
	}
	if err := x.busy(path, "abort a transaction for"); err != nil {
		return err
	}
	x.forget()
	return nil
}
