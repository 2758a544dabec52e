package statuspage

func (p Page) Validate() error { return nil }
func (m Message) Validate() error { return nil }
