package browser

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// module is the root of attest.
const module = "../.."

// patience bounds how long a test waits for an event of the page; it measures nothing.
const patience = 10 * time.Minute

var built = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "attest-page")
	if err != nil {
		return "", err
	}
	page := filepath.Join(dir, "attest.html")
	cmd := exec.Command("go", "run", "./web/build", "-o", page)
	cmd.Dir = module
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w: %s", err, out)
	}
	return page, nil
})

func TestMain(m *testing.M) {
	code := m.Run()
	if page, err := built(); err == nil {
		os.RemoveAll(filepath.Dir(page))
	}
	os.Exit(code)
}

// A tab is the page, open in a browser, and what it was seen to do.
type tab struct {
	ctx context.Context

	mu       sync.Mutex
	requests []string // addresses that the page asked for
	problems []string // exceptions, errors of the console, violations of the policy
	last     int      // id of the last request to the verifier
}

func chromium(t *testing.T) string {
	t.Helper()
	path := os.Getenv("ATTEST_CHROMIUM")
	if path == "" {
		path, _ = exec.LookPath("chromium")
	}
	if path == "" {
		t.Skip("no chromium on the PATH, and ATTEST_CHROMIUM is not set")
	}
	return path
}

// open opens the page from disk and waits until the verifier is ready.
func open(t *testing.T, width, height int64) *tab {
	t.Helper()
	path := chromium(t)
	page, err := built()
	if err != nil {
		t.Fatal(err)
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox,
		chromedp.UserDataDir(t.TempDir()), chromedp.Flag("disable-background-networking", true), chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-quic", true))
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewExecAllocator(ctx, options...)
	t.Cleanup(cancel)
	ctx, _ = chromedp.NewContext(ctx)
	// The browser is asked to end, not killed: the processes of a killed browser
	// go on for a moment, and write into the folder that the test removes.
	t.Cleanup(func() {
		if err := chromedp.Cancel(ctx); err != nil {
			t.Error(err)
		}
	})
	b := &tab{ctx: ctx}
	chromedp.ListenTarget(ctx, b.listen)
	start := time.Now()
	b.run(t, log.Enable(), network.Enable(), chromedp.EmulateViewport(width, height),
		chromedp.Navigate("file://"+page), chromedp.WaitReady("html[data-ready=yes]"))
	t.Logf("loaded and ready after %v", time.Since(start).Round(time.Millisecond))
	return b
}

func (b *tab) listen(event any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		b.requests = append(b.requests, e.Request.URL)
	case *log.EventEntryAdded:
		if e.Entry.Level == log.LevelError || e.Entry.Source == log.SourceSecurity || e.Entry.Source == log.SourceViolation {
			b.problems = append(b.problems, e.Entry.Text)
		}
	case *runtime.EventExceptionThrown:
		b.problems = append(b.problems, e.ExceptionDetails.Error())
	}
}

// clean fails the test when the page asked for anything but itself and its Worker,
// or when the browser had something to complain about.
func (b *tab) clean(t *testing.T) {
	t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, address := range b.requests {
		if !strings.HasPrefix(address, "file://") && !strings.HasPrefix(address, "blob:") {
			t.Errorf("the page asked for %s", address)
		}
	}
	for _, p := range b.problems {
		t.Errorf("the browser says: %s", p)
	}
}

func (b *tab) run(t *testing.T, actions ...chromedp.Action) {
	t.Helper()
	if err := chromedp.Run(b.ctx, actions...); err != nil {
		t.Fatal(err)
	}
}

// A file is one that the page is given.
type file struct {
	Name string `json:"name"`
	Role string `json:"role"`
	Data []byte `json:"-"`
	B64  string `json:"b64"`
}

// A verdict is what the page says, as far as the tests compare it.
type verdict struct {
	Verdict  string `json:"verdict"`
	ExitCode int    `json:"exit_code"`
	Error    struct {
		Type        string `json:"type"`
		Requirement string `json:"requirement"`
	} `json:"error"`
}

// judge hands files and demands to the page, as its own form does, and returns what
// it says.
func (b *tab) judge(t *testing.T, files []file, demands map[string]any) verdict {
	t.Helper()
	for i := range files {
		files[i].B64 = base64.StdEncoding.EncodeToString(files[i].Data)
	}
	list, err := json.Marshal(files)
	if err != nil {
		t.Fatal(err)
	}
	more, err := json.Marshal(demands)
	if err != nil {
		t.Fatal(err)
	}
	b.last++
	var text string
	b.run(t, chromedp.Evaluate(fmt.Sprintf(`new Promise((resolve) => {
		files = %s.map(({ name, role, b64 }) => ({ name, role, bytes: Uint8Array.from(atob(b64), (c) => c.charCodeAt(0)) }));
		list();
		const seen = new MutationObserver(() => { seen.disconnect(); resolve(byId('result').dataset.json); });
		seen.observe(byId('result'), { attributes: true, attributeFilter: ['data-id'] });
		judge(%s);
	})`, list, more), &text, func(p *runtime.EvaluateParams) *runtime.EvaluateParams { return p.WithAwaitPromise(true) }))
	var v verdict
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatalf("%v in %.200q", err, text)
	}
	return v
}
