"""The values behind charts and sentences, without figures or widgets."""
