package render

import (
	"math"
	"unicode"
)

// widths contains the widths of the characters from the space to the tilde in tenths of a pixel, in DejaVu Sans at 11
// pixels. Verdana has nearly the same.
var widths = [...]int{
	35, 44, 51, 92, 70, 105, 86, 30, 43, 43, 55, 92, 35, 40, 35, 37, 70, 70, 70, 70, 70, 70, 70, 70, 70, 70, 37, 37, 92, 92, 92, 58,
	110, 75, 75, 77, 85, 70, 63, 85, 83, 32, 32, 72, 61, 95, 82, 87, 66, 87, 76, 70, 67, 81, 75, 109, 75, 67, 75, 43, 37, 43, 92, 55,
	55, 67, 70, 60, 70, 68, 39, 70, 70, 31, 31, 64, 31, 107, 70, 67, 70, 70, 45, 57, 43, 70, 65, 90, 65, 65, 58, 70, 37, 70, 92,
}

// The widths of other characters in tenths of a pixel.
const (
	wide  = 115
	other = 75
)

// textWidth returns the width of a text in pixels. Browsers stretch the text to it, so it may be wrong by some percent.
func textWidth(text string) int {
	width := 0
	for _, r := range text {
		switch {
		case r >= ' ' && r <= '~':
			width += widths[r-' ']
		case unicode.In(r, unicode.Mn, unicode.Cf):
		case r == '…' || r >= 0x1F000 || unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul):
			width += wide
		default:
			width += other
		}
	}
	return int(math.Ceil(float64(width) / 10))
}
