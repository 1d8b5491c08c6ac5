DROP TABLE summary_hours;
