"""Parts, their stock by place, lot and serial number, and its reservation for tasks."""
