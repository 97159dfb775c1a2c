package qr_test

import (
	"encoding/xml"
	"regexp"
	"strconv"
	"strings"
	"testing"

	reference "rsc.io/qr"

	"github.com/openpartner/openpartner/views/qr"
)

var run = regexp.MustCompile(`M(\d+) (\d+)h(\d+)v1h-(\d+)z`)

// TestEncode_DrawsTheSymbol paints what the file says and compares it with the symbol, module
// by module, margin included.
func TestEncode_DrawsTheSymbol(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"a", "https://shop.example.com/r/zoe", "https://partners.example.com/t/acme/r/" + strings.Repeat("k", 64)} {
		code, err := qr.Encode(text)
		if err != nil {
			t.Fatal(err)
		}
		want, err := reference.Encode(text, reference.M)
		if err != nil {
			t.Fatal(err)
		}
		var file struct {
			ViewBox string `xml:"viewBox,attr"`
			Paths   []struct {
				D    string `xml:"d,attr"`
				Fill string `xml:"fill,attr"`
			} `xml:"path"`
		}
		if err := xml.Unmarshal(code.File(), &file); err != nil {
			t.Fatalf("not XML: %v", err)
		}
		side := want.Size + 8
		if file.ViewBox != "0 0 "+strconv.Itoa(side)+" "+strconv.Itoa(side) {
			t.Errorf("%q: view box %q for a symbol of %d modules", text, file.ViewBox, want.Size)
		}
		dark := paint(t, file.Paths[1].D)
		for y := range side {
			for x := range side {
				if dark[[2]int{x, y}] != want.Black(x-4, y-4) {
					t.Fatalf("%q: module %d,%d is wrong", text, x, y)
				}
			}
		}
	}
}

func paint(t *testing.T, d string) map[[2]int]bool {
	t.Helper()
	dark := map[[2]int]bool{}
	if rest := run.ReplaceAllString(d, ""); rest != "" {
		t.Fatalf("the path says more than rectangles: %q", rest)
	}
	for _, m := range run.FindAllStringSubmatch(d, -1) {
		n := make([]int, 4)
		for i := range n {
			n[i], _ = strconv.Atoi(m[i+1])
		}
		if n[2] != n[3] {
			t.Fatalf("an open rectangle: %s", m[0])
		}
		for i := range n[2] {
			dark[[2]int{n[0] + i, n[1]}] = true
		}
	}
	return dark
}

func TestEncode_TooLong(t *testing.T) {
	t.Parallel()
	if _, err := qr.Encode(strings.Repeat("x", 3000)); err == nil {
		t.Error("3000 characters fit into no symbol")
	}
}
