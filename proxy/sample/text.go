package sample

import "errors"

// errText makes the error of a build function.
func errText(s string) error { return errors.New(s) }
