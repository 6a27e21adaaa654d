//go:build !linux

package wire

import "os"

// Feed is one end of a connection between two processes of this program.
type Feed struct{}

// FeedPair makes the two ends of a connection.
func FeedPair() (a, b *os.File, err error) { return nil, nil, ErrUnsupported }

// OpenFeed takes over an end that was inherited as a file descriptor.
func OpenFeed(uintptr) (*Feed, error) { return nil, ErrUnsupported }

// Send sends one message.
func (f *Feed) Send([]byte) error { return ErrUnsupported }

// Recv waits for a message.
func (f *Feed) Recv([]byte) (int, error) { return 0, ErrUnsupported }

// Close closes this process's end.
func (f *Feed) Close() error { return nil }
