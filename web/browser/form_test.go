package browser

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// TestDropAndPaste: files come by drag and drop and by the clipboard, text by the field
// for it.
func TestDropAndPaste(t *testing.T) {
	b := open(t, 1200, 900)
	var names string
	b.run(t,
		chromedp.Evaluate(`(() => {
			const data = new DataTransfer();
			data.items.add(new File([new Uint8Array(1184)], 'dropped.bin'));
			byId('drop').dispatchEvent(new DragEvent('dragenter', { bubbles: true, cancelable: true, dataTransfer: data }));
			byId('drop').dispatchEvent(new DragEvent('drop', { bubbles: true, cancelable: true, dataTransfer: data }));
			const board = new DataTransfer();
			board.items.add(new File(['x'], 'clipboard.bin'));
			document.dispatchEvent(new ClipboardEvent('paste', { bubbles: true, cancelable: true, clipboardData: board }));
		})()`, nil),
		chromedp.WaitReady("#files li:nth-child(2)"),
		chromedp.SetValue("#paste", "-----BEGIN CERTIFICATE-----"),
		chromedp.Click("#add"),
		chromedp.WaitReady("#files li:nth-child(3)"),
		chromedp.Text("#files", &names))
	for _, want := range []string{"dropped.bin (1,184 bytes)", "clipboard.bin", "pasted 1"} {
		if !strings.Contains(names, want) {
			t.Errorf("no %q in %q", want, names)
		}
	}
	b.clean(t)
}

// TestKeyboard: everything is reached and done without a pointer.
func TestKeyboard(t *testing.T) {
	b := open(t, 1200, 900)
	pass, _ := samples(t)
	b.judge(t, pass.files(t), map[string]any{"at": pass.Options["at"], "spki": pass.Options["spki"]})
	var reached []string
	b.run(t, chromedp.Evaluate(`document.body.tabIndex = -1; document.body.focus(); window.scrollTo(0, 0)`, nil))
	for range 400 {
		var at string
		b.run(t, chromedp.KeyEvent(kb.Tab), chromedp.Evaluate(`(document.activeElement.id || document.activeElement.dataset.f || document.activeElement.tagName)`, &at))
		if at == "BODY" {
			break
		}
		reached = append(reached, at)
	}
	all := " " + strings.Join(reached, " ") + " "
	for _, want := range []string{"pick", "paste", "add", "measurement", "report-data", "at", "allow-vlek", "vmpl", "verify", "clear", "print", "0", "12", "37"} {
		if !strings.Contains(all, " "+want+" ") {
			t.Errorf("the keyboard does not reach %q: %s", want, all)
		}
	}
	var hot int
	b.run(t, chromedp.Focus(`tr[data-f="12"]`), chromedp.Evaluate(`document.querySelectorAll('.bytes .hot').length`, &hot))
	if hot != 48 {
		t.Errorf("MEASUREMENT marks %d bytes", hot)
	}
	b.run(t, chromedp.Focus("#verify"), chromedp.KeyEvent(kb.Enter))
	b.clean(t)
}

// TestHostileNames: what a file is called and what it holds is shown, and is never
// markup.
func TestHostileNames(t *testing.T) {
	b := open(t, 1200, 900)
	evil := "<img src=x onerror=alert(1)>\u202egnp.exe"
	got := b.judge(t, []file{
		{Name: evil, Role: "report", Data: []byte(strings.Repeat("A", 1<<20))},
		{Name: evil, Role: "certs", Data: []byte(`{"vcekCert":"<script>alert(1)</script>"}`)},
		{Name: evil, Role: "policy", Data: []byte(`{"schema":"attest.policy/v1","\u003cscript\u003e":1}`)},
	}, nil)
	if got.Verdict == "pass" {
		t.Errorf("%+v", got)
	}
	var elements int
	b.run(t, chromedp.Evaluate(`document.querySelectorAll('#result img, #result script, #files img').length`, &elements))
	if elements != 0 {
		t.Errorf("%d elements were made from outside", elements)
	}
	b.clean(t)
}

// TestPanic: a verifier that stops is an internal error, and the page goes on.
func TestPanic(t *testing.T) {
	b := open(t, 1200, 900)
	b.run(t, chromedp.Evaluate(`delete document.documentElement.dataset.ready; running = ++lastId; worker.postMessage({ kind: 'judge', id: running, request: {}, files: null })`, nil),
		chromedp.WaitReady(`html[data-ready=yes]`))
	var text string
	b.run(t, chromedp.Evaluate(`byId('result').dataset.json`, &text))
	var v verdict
	if err := json.Unmarshal([]byte(text), &v); err != nil || v.Error.Type != "InternalError" || v.ExitCode != 5 {
		t.Errorf("%s", text)
	}
	b.last = 1
	if got := b.judge(t, []file{{Name: "x", Role: "report", Data: []byte("x")}}, nil); got.Verdict != "error" || got.Error.Type == "InternalError" {
		t.Errorf("after that: %+v", got)
	}
}

// TestPrint: the printed page has the verdict and no form.
func TestPrint(t *testing.T) {
	b := open(t, 1200, 900)
	pass, _ := samples(t)
	b.judge(t, pass.files(t), map[string]any{"at": pass.Options["at"], "spki": pass.Options["spki"]})
	var shown bool
	b.run(t, chromedp.ActionFunc(func(ctx context.Context) error {
		_, _, err := page.PrintToPDF().Do(ctx)
		return err
	}), chromedp.Evaluate(`getComputedStyle(byId('form')).display !== 'none'`, &shown))
	if !shown {
		t.Error("the form is hidden on the screen")
	}
	b.clean(t)
}

// TestAccessible: axe-core finds nothing wrong by WCAG 2 AA, in light and dark.
func TestAccessible(t *testing.T) {
	axe, err := os.ReadFile("testdata/axe/node_modules/axe-core/axe.min.js")
	if errors.Is(err, fs.ErrNotExist) {
		t.Skip("axe-core is not installed: npm ci --ignore-scripts --prefix testdata/axe")
	}
	if err != nil {
		t.Fatal(err)
	}
	pass, fail := samples(t)
	for _, scheme := range []string{"light", "dark"} {
		b := open(t, 1200, 900)
		b.run(t, emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}), chromedp.Evaluate(string(axe), nil))
		for _, v := range []vector{pass, fail} {
			b.judge(t, v.files(t), map[string]any{"at": v.Options["at"], "spki": v.Options["spki"]})
			var found []string
			b.run(t, chromedp.Evaluate(`axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa'] }).then((r) => r.violations.map((v) => v.id + ': ' + v.nodes.map((n) => n.target).slice(0, 3).join(' | ')))`, &found,
				func(p *runtime.EvaluateParams) *runtime.EvaluateParams { return p.WithAwaitPromise(true) }))
			for _, f := range found {
				t.Errorf("%s, %s: %s", scheme, v.Expect.Verdict, f)
			}
		}
	}
}
