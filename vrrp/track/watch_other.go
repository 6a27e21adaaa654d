//go:build !linux

package track

import "errors"

// newDirNotifier has nothing here: files are polled.
func newDirNotifier() (dirNotifier, error) { return nil, errors.ErrUnsupported }
