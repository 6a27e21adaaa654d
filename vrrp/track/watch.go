package track

import (
	"path/filepath"
	"time"
)

// pollEvery is how often a file is looked at where nothing reports its changes.
const pollEvery = time.Second

// notifier reports changes in directories.
type dirNotifier interface {
	// add watches a directory.
	add(dir string) error
	// changes gets something after each change. It is closed when the
	// notifier is.
	changes() <-chan struct{}
	close()
}

// files watches all track files.
type files struct {
	list  []File
	last  map[string]int // by name
	log   func(string)
	tell  func(Result)
	quit  chan struct{}
	done  chan struct{}
	said  map[string]string // the last complaint about each
	dirs  dirNotifier       // nil: poll
	blind bool              // a directory is not watched
}

// newFiles writes first values, reads all files and begins to watch them. The
// values that are known already are returned, not told.
func newFiles(list []File, known map[string]int, log func(string), tell func(Result)) (*files, []Result) {
	w := &files{
		list: list, last: make(map[string]int), said: make(map[string]string), log: log, tell: tell,
		quit: make(chan struct{}), done: make(chan struct{}),
	}
	for i := range list {
		f := &list[i]
		if _, seen := known[f.Name]; !seen {
			if err := f.prepare(); err != nil {
				log(err.Error())
			}
		} else {
			w.last[f.Name] = known[f.Name]
		}
	}
	// Watch first, read then: no change goes unseen.
	w.dirs, _ = newDirNotifier()
	w.watch()
	var out []Result
	for i := range list {
		if v, ok := w.read(&list[i]); ok {
			w.last[list[i].Name] = v
		}
		out = append(out, Result{Kind: KindFile, Name: list[i].Name, Value: w.last[list[i].Name]})
	}
	go w.loop()
	return w, out
}

// watch has every directory watched that exists.
func (w *files) watch() {
	w.blind = w.dirs == nil
	if w.blind {
		return
	}
	for i := range w.list {
		if err := w.dirs.add(filepath.Dir(w.list[i].Path)); err != nil {
			w.blind = true
		}
	}
}

// read reads one file and complains once about a bad number, which is ignored.
func (w *files) read(f *File) (int, bool) {
	v, err := readFile(f.Path)
	if err != nil {
		if w.said[f.Name] != err.Error() {
			w.said[f.Name] = err.Error()
			w.log(err.Error())
		}
		return 0, false
	}
	delete(w.said, f.Name)
	return v, true
}

// loop tells new values.
func (w *files) loop() {
	defer close(w.done)
	var changes <-chan struct{}
	if w.dirs != nil {
		defer w.dirs.close()
		changes = w.dirs.changes()
	}
	t := time.NewTimer(pollEvery)
	defer t.Stop()
	if !w.blind {
		t.Stop()
	}
	for {
		select {
		case <-w.quit:
			return
		case _, ok := <-changes:
			if ok {
				w.watch() // again, should a directory be another one now
			} else {
				changes, w.dirs, w.blind = nil, nil, true
			}
		case <-t.C:
			w.watch()
		}
		w.look()
		if w.blind {
			t.Reset(pollEvery)
		}
	}
}

// look reads all files and tells what is new.
func (w *files) look() {
	for i := range w.list {
		f := &w.list[i]
		if v, ok := w.read(f); ok && v != w.last[f.Name] {
			w.last[f.Name] = v
			w.tell(Result{Kind: KindFile, Name: f.Name, Value: v})
		}
	}
}

// stop ends the watching and returns the last values.
func (w *files) stop() map[string]int {
	close(w.quit)
	<-w.done
	return w.last
}
