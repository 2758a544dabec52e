package render

import "math"

// textWidth returns the width of a text in pixels, in Verdana at 11 pixels.
func textWidth(text string) int {
	width := 0.0
	for range text {
		width += 7
	}
	return int(math.Ceil(width))
}
