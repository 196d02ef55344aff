"""The dashboard. Its process never imports torch: nights run in processes of their own."""
