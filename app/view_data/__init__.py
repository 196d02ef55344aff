"""The numbers behind charts and sentences, as plain values: no figure and no widget in here."""
