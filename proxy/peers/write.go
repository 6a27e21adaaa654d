package peers

import (
	"bufio"
	"time"
)

// write sends what there is to send, until done.
func (x *session) write(done <-chan struct{}) {
	w := bufio.NewWriterSize(x.c, 1<<14)
	beat := time.NewTimer(beatTime)
	defer beat.Stop()
	for {
		_ = x.c.SetWriteDeadline(time.Now().Add(writeTime))
		sent, err := x.round(w)
		if err == nil {
			err = w.Flush()
		}
		if err != nil {
			x.close()
			return
		}
		if sent {
			beat.Reset(beatTime)
		}
		select {
		case <-done:
			return
		case <-x.wake:
		case <-beat.C:
			x.s.mu.Lock()
			x.out = append(x.out, classControl, heartbeat)
			x.p.sentBeats++
			x.s.mu.Unlock()
			beat.Reset(beatTime)
		}
	}
}

// batch is the updates of one table to send.
type batch struct {
	t       *Shared
	list    []pending
	define  bool
	timed   bool
	last    uint32
	teaches bool
}

// round sends all that is to be sent now, and says whether that was anything.
func (x *session) round(w *bufio.Writer) (sent bool, err error) {
	s, p := x.s, x.p
	s.mu.Lock()
	out := append(x.out, x.acks()...)
	x.out = nil
	teach := x.teach
	x.teach = false
	var list []batch
	for _, t := range s.Tables {
		c := p.cursor(t)
		if teach {
			list = append(list, batch{t: t, list: t.after(0, p.Shard, true), timed: true, define: true, last: t.update, teaches: true})
			c.pushed, c.acked, c.origin = t.update, t.update, t.update
		} else if !p.Local && int32(t.localUpdate-c.pushed) > 0 && !t.Table.RecvOnly {
			list = append(list, batch{t: t, list: t.after(c.pushed, p.Shard, false), define: true, last: t.localUpdate})
			c.pushed = t.localUpdate
		}
	}
	if teach {
		x.confirms++
	}
	everything := s.learn.complete
	s.mu.Unlock()
	if len(out) > 0 {
		sent = true
		if _, err = w.Write(out); err != nil {
			return
		}
	}
	for i := range list {
		if len(list[i].list) == 0 && !list[i].teaches {
			continue
		}
		sent = true
		if err = x.push(w, &list[i]); err != nil {
			return
		}
	}
	if teach {
		sent = true
		end := byte(resyncPartial)
		if everything {
			end = resyncFinished
		}
		_, err = w.Write([]byte{classControl, end})
	}
	return
}

// acks are the acknowledgements of what was taken; the section's lock is held.
func (x *session) acks() []byte {
	var out []byte
	for _, t := range x.s.Tables {
		if c := x.p.cursor(t); c.ackIt && c.remote != nil {
			out = appendAck(out, c.remote.ID, c.got)
			c.ackIt, c.sentAck = false, c.got
		}
	}
	return out
}

// push sends a table's definition and updates.
func (x *session) push(w *bufio.Writer, b *batch) error {
	var data, msg []byte
	d := defineTable(b.t.ID, b.t.Name, &b.t.Table.Config)
	if _, err := w.Write(appendFrame(nil, define, d.append(nil))); err != nil {
		return err
	}
	x.s.mu.Lock()
	x.lastOut = b.t
	x.s.mu.Unlock()
	now := nowMS()
	for i, e := range b.list {
		if i&255 == 255 {
			now = nowMS()
			_ = x.c.SetWriteDeadline(time.Now().Add(writeTime))
		}
		next := i > 0 && e.seq == b.list[i-1].seq+1
		typ := byte(update)
		switch {
		case b.timed && next:
			typ = updateTimedNext
		case b.timed:
			typ = updateTimed
		case next:
			typ = updateNext
		}
		data = appendUpdate(data[:0], b.t.Table, e.e, &x.sent, e.seq, next, b.timed, now)
		msg = appendFrame(msg[:0], typ, data)
		if _, err := w.Write(msg); err != nil {
			return err
		}
	}
	return nil
}
