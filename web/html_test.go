package web

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestTextIsNeverMarkup(t *testing.T) {
	for in, want := range map[string]string{
		`<script>alert(1)</script>`: `<p>&lt;script&gt;alert(1)&lt;/script&gt;</p>`,
		"a\u202eb\u0000\u200b":      `<p>a\u202eb\u0000\u200b</p>`,
		"\xff\xfe":                  `<p>\xff\xfe</p>`,
		"\uFFFD":                    "<p>\uFFFD</p>",
		"\U000e0041":                `<p>\U000e0041</p>`,
		`" onload="x`:               `<p>&#34; onload=&#34;x</p>`,
	} {
		if got := render(el("p", in)); got != want {
			t.Errorf("%q: got %s, want %s", in, got, want)
		}
	}
	if got := render(el("p", at("title", `"><b>`), "x")); got != `<p title="&#34;&gt;&lt;b&gt;">x</p>` {
		t.Errorf("an attribute became markup: %s", got)
	}
}

func TestLongTextIsCut(t *testing.T) {
	got := visible(strings.Repeat("é", 1<<20))
	if !strings.HasSuffix(got, "… (2095104 bytes more)") || len(got) > 2*mostText {
		t.Errorf("got %d bytes, ending in %q", len(got), got[len(got)-40:])
	}
}

func TestMarkupHoldsOnlyItsOwnBrackets(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, a := rapid.String().Draw(t, "text"), rapid.String().Draw(t, "attribute")
		got := render(el("p", at("title", a), s))
		if strings.Count(got, "<") != 2 || strings.Count(got, ">") != 2 || strings.Count(got, `"`) != 2 {
			t.Fatalf("markup from outside: %s", got)
		}
	})
}
