package proxy

import (
	"context"
	"errors"
	"maps"
	"time"

	"github.com/tresorhq/attest"
	"github.com/tresorhq/attest/transport"
	"github.com/tresorhq/attest/verdict"
)

// install lets a trust judge all requests whose first byte is written from now on. Those
// that run finish by what they were admitted by, unless it turns out that they would not
// be any more.
// Rules: PRX-54.
func (w *watcher) install(t Trust) error {
	g := &generation{Trust: t, unused: make(chan struct{})}
	t.Transport.OnAudit = func(a *attest.Audit) {
		w.mu.Lock()
		defer w.mu.Unlock()
		if w.serving == g {
			w.observe(a)
		}
	}
	t.Transport.OnRefresh = w.missed
	var err error
	if g.transport, err = transport.New(w.origin, t.Transport); err != nil {
		return err
	}
	w.mu.Lock()
	old := w.serving
	w.serving, w.audits, w.asking, w.at = g, nil, nil, time.Time{}
	if old != nil {
		w.older[old] = true
		if old.retired = true; old.running == 0 {
			close(old.unused)
		}
	}
	w.mu.Unlock()
	if old != nil {
		old.transport.Retire()
		w.tasks.Go(func() { w.end(old) })
		w.tasks.Go(func() { w.judge(g) })
	}
	return nil
}

// tries is how many attestations must be refused, each over a connection of its own,
// until a reload has withdrawn what runs: of several machines behind one name some may
// be bad by themselves.
const tries = 4

// judge cuts off what older generations still do, when this one refuses what their
// requests are sent to.
func (w *watcher) judge(g *generation) {
	for range tries {
		_, err := g.transport.Attest(context.Background())
		var refused attest.AttestationError
		if err == nil || !errors.As(err, &refused) || verdict.ExitCode(err) != verdict.ExitRefused {
			return
		}
	}
	w.mu.Lock()
	older := maps.Clone(w.older)
	w.mu.Unlock()
	delete(older, g)
	for old := range older {
		old.transport.Close()
	}
}

// end closes a generation when its requests have finished.
func (w *watcher) end(old *generation) {
	<-old.unused
	old.transport.Close()
	w.mu.Lock()
	delete(w.older, old)
	w.mu.Unlock()
}

// enter returns the generation that a request is sent by, for leave when it has ended.
func (w *watcher) enter() *generation {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.serving.running++
	return w.serving
}

func (w *watcher) leave(g *generation) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if g.running--; g.running == 0 && g.retired {
		close(g.unused)
	}
}

// A way is the generation that a request is sent by, which changes with a reload until
// its first byte is written.
type way struct {
	*generation
	watch *watcher
	seen  *recorder // of its answer
	whole func()    // called when its answer has ended
}

func (w *way) change() { w.leave(); w.generation = w.watch.enter() }
func (w *way) leave()  { w.watch.leave(w.generation) }
