"""What is asked: policies, reasoning, inventory, scans."""
