// Package qr draws QR codes as SVG.
//
// It owns the drawing; rsc.io/qr encodes. Invariant: the drawing is the whole symbol with the
// quiet zone of four modules that ISO/IEC 18004 asks for, dark on light in both themes.
package qr

import (
	"fmt"
	"strconv"
	"strings"

	"rsc.io/qr"
)

// quiet is the width of the empty margin, in modules.
const quiet = 4

// pixels is how large a module is in files.
const pixels = 10

// Code is one symbol; its modules are squares of one unit.
type Code struct {
	side   int    // with the margin
	path   string // of the dark modules
	symbol *qr.Code
}

// Encode makes the symbol of a text. Level M still reads with 15 % of it covered.
func Encode(text string) (Code, error) {
	symbol, err := qr.Encode(text, qr.M)
	if err != nil {
		return Code{}, fmt.Errorf("encode as QR: %w", err)
	}
	symbol.Scale = pixels
	return Code{side: symbol.Size + 2*quiet, path: path(symbol), symbol: symbol}, nil
}

// path draws each run of dark modules in a row as one rectangle.
func path(symbol *qr.Code) string {
	var d strings.Builder
	for y := range symbol.Size {
		for x := 0; x < symbol.Size; x++ {
			run := 0
			for symbol.Black(x+run, y) {
				run++
			}
			if run > 0 {
				fmt.Fprintf(&d, "M%d %dh%dv1h-%dz", x+quiet, y+quiet, run, run)
				x += run
			}
		}
	}
	return d.String()
}

func (c Code) viewBox() string {
	side := strconv.Itoa(c.side)
	return "0 0 " + side + " " + side
}

// File is the drawing as a file of its own.
func (c Code) File() []byte {
	return fmt.Appendf(nil, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="%[1]s" width="%[2]d" height="%[2]d" shape-rendering="crispEdges">`+
		`<path fill="#fff" d="M0 0h%[3]dv%[3]dh-%[3]dz"/><path fill="#000" d="%[4]s"/></svg>`+"\n", c.viewBox(), c.side*pixels, c.side, c.path)
}

// PNG is the same drawing in pixels.
func (c Code) PNG() []byte {
	return c.symbol.PNG()
}
