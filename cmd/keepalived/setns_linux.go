package main

import (
	"os"

	"golang.org/x/sys/unix"
)

// setns moves this thread into the network namespace of a file.
func setns(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	return unix.Setns(int(f.Fd()), unix.CLONE_NEWNET)
}
