package peers

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"
)

// Classes of messages.
const (
	classControl = 0
	classError   = 1
	classTable   = 10
)

// Control messages.
const (
	resyncRequest = iota
	resyncFinished
	resyncPartial
	resyncConfirm
	heartbeat
)

// Error messages.
const (
	protocolError = iota
	sizeLimit
)

// Table messages.
const (
	update      = 0x80 + iota
	updateNext  // the number is that of the update before + 1
	define      // what the table of the next updates is
	switchTo    // a table that was defined before
	ack         // the last update that was taken
	updateTimed // with the time that the entry has left
	updateTimedNext
)

// maxMessage bounds what is read of a message, in bytes.
const maxMessage = 1 << 16

// frame is one message. Those of a type below 128 have no data.
type frame struct {
	class, typ byte
	data       []byte
}

var errTooLong = errors.New("message too long")

// readFrame reads a message into buf, which it may grow.
func readFrame(r *bufio.Reader, buf []byte) (frame, []byte, error) {
	var f frame
	var err error
	if f.class, err = r.ReadByte(); err != nil {
		return f, buf, err
	}
	if f.typ, err = r.ReadByte(); err != nil || f.typ < 0x80 {
		return f, buf, unexpected(err)
	}
	n, err := readLength(r)
	if err != nil {
		return f, buf, unexpected(err)
	}
	if n > maxMessage {
		return f, buf, errTooLong
	}
	if uint64(cap(buf)) < n {
		buf = make([]byte, n)
	}
	f.data = buf[:n]
	_, err = io.ReadFull(r, f.data)
	return f, buf, unexpected(err)
}

func unexpected(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

// readLength reads an integer in variable length form off the connection.
func readLength(r *bufio.Reader) (uint64, error) {
	var b []byte
	for {
		c, err := r.ReadByte()
		if err != nil {
			return 0, err
		}
		if b = append(b, c); len(b) == 1 && c >= 0xf0 || len(b) > 1 && c >= 0x80 {
			if len(b) > 9 {
				return 0, errTooLong
			}
			continue
		}
		s := scanner{b: b}
		n := s.int()
		if s.bad {
			return 0, errTooLong
		}
		return n, nil
	}
}

// appendFrame appends a table message.
func appendFrame(dst []byte, typ byte, data []byte) []byte {
	return append(appendInt(append(dst, classTable, typ), uint64(len(data))), data...)
}

// appendAck appends the acknowledgement of update n of the table that the
// other side calls id.
func appendAck(dst []byte, id uint64, n uint32) []byte {
	var b [16]byte
	return appendFrame(dst, ack, binary.BigEndian.AppendUint32(appendInt(b[:0], id), n))
}
